import { setTimeout as sleep } from 'node:timers/promises';
import type { Stage } from './scenario';
import type { SendingHost } from './sending-host';

/** Several hosts that send to the same chats, each its share. */
export class Hosts {
  private constructor(
    readonly all: readonly SendingHost[],
    private readonly sends: number,
  ) {}

  /** @param count of hosts; their streams are a, b, ... */
  static async start({ host, sends }: Stage, count: number, redisUrl?: string): Promise<Hosts> {
    const streams = Array.from({ length: count }, (_, place) => String.fromCharCode('a'.charCodeAt(0) + place));
    const all = await Promise.all(streams.map((stream) => host({ stream, ...(redisUrl && { redisUrl }) })));
    return new Hosts(all, sends);
  }

  /** The one whose turn it is to suffer. */
  at(turn: number): SendingHost {
    return this.all[turn % this.all.length] as SendingHost;
  }

  /** Has all of them go on, up to that part of their sends, within about so many seconds. */
  send(part: number, seconds: number): void {
    const count = this.all.length;
    for (const [place, host] of this.all.entries()) {
      const share = Math.floor(this.sends / count) + (place < this.sends % count ? 1 : 0);
      const end = Math.floor(share * part);
      host.send(end, Math.max(1, (end - host.next) / seconds));
    }
  }

  /** Sends a fifth, seven tenths while something breaks, and the rest. @param seconds about how long `breakIt` takes. */
  async sendAround(seconds: number, breakIt: () => Promise<void>): Promise<void> {
    this.send(0.2, 0.5);
    await sleep(700);
    this.send(0.9, seconds);
    await breakIt();
    this.send(1, 1);
  }
}
