import type Redis from 'ioredis';
import { describe } from '../../core/errors';
import type { Log } from '../../core/log';
import type { RedisPlace } from '../../core/redis-place';
import { sleep } from '../../core/sleep';
import { within } from '../../core/within';
import { connect, serverOf } from './connect';
import type { RedisLink } from './redis-link';

export interface InvalidationsOptions {
  link: Pick<RedisLink, 'state'>;
  place: RedisPlace;
  /** What names of keys begin with. */
  prefixes: readonly string[];
  /** Keys were changed, by whomever. Nothing: any of them may have been. */
  changed: (names?: string[]) => void;
  log: Log;
}

const CHANNEL = '__redis__:invalidate';
const TIMEOUT_MS = 1_000;
/** While Redis tells nothing: between two attempts, and between two looks whether both connections live. */
const PAUSE_MS = 1_000;

/**
 * Hears from the primary which keys were changed (client-side caching in broadcasting mode, redis.io: CLIENT TRACKING). One
 * connection is told, another one keeps the tracking on; where either breaks, or the primary moves, nothing is known any more.
 */
export class Invalidations {
  private isOn = false;
  /** Which connection of the link it belongs to, by the count of them. */
  private connects = 0;
  private clients: Redis[] = [];
  private readonly stopping = new AbortController();

  constructor(private readonly options: InvalidationsOptions) {
    void this.keepOn();
  }

  /**
   * Whether every change is told, of the primary that is read right now. Where the link was interrupted, other connections to
   * that server may be gone as well, without an end.
   */
  get isTold(): boolean {
    const { isUp, connects } = this.options.link.state();
    return this.isOn && isUp && connects === this.connects;
  }

  stop(): void {
    this.stopping.abort();
    this.off();
  }

  private async keepOn(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      await (this.isTold ? this.look() : this.turnOn()).catch((error: unknown) => {
        this.off();
        this.options.log.debug({ detail: describe(error) }, 'Redis does not tell of changed keys; it is asked again');
      });
      await sleep(PAUSE_MS, signal);
    }
  }

  /** A connection that has fallen silent without an end tells nothing, and does not say so. */
  private async look(): Promise<void> {
    await within(TIMEOUT_MS, Promise.all(this.clients.map((client) => client.ping())));
  }

  private async turnOn(): Promise<void> {
    this.off();
    const { link, place, prefixes, changed } = this.options;
    const { isUp, addresses, connects } = link.state();
    const [address] = addresses;
    if (!isUp || address === undefined) return;
    const told = await this.open(address, place);
    const id = await within(TIMEOUT_MS, told.client('ID'));
    await within(TIMEOUT_MS, told.subscribe(CHANNEL));
    // The event `message` would have the names in one text.
    told.on('messageBuffer', (_, names: unknown) => changed(Array.isArray(names) ? names.map(String) : undefined));
    const tracking = await this.open(address, place);
    const words = prefixes.flatMap((prefix) => ['PREFIX', prefix]);
    const on = tracking.call('CLIENT', 'TRACKING', 'ON', 'REDIRECT', String(id), 'BCAST', ...words);
    await within(TIMEOUT_MS, on);
    if (this.stopping.signal.aborted) return this.off();
    this.connects = connects;
    this.isOn = true;
    changed();
  }

  private async open(address: string, place: RedisPlace): Promise<Redis> {
    const client = await connect(serverOf(address), place, TIMEOUT_MS);
    this.clients.push(client);
    client.once('close', () => this.off());
    return client;
  }

  private off(): void {
    this.isOn = false;
    for (const client of this.clients.splice(0)) client.disconnect();
    this.options.changed();
  }
}
