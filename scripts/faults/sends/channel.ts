import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { seeded } from '../../bench/sends/seeded';
import type { Answer, Handover } from './message';

const [LEAST_MS, MOST_MS] = [5, 80];

/** What came of one number: id and time of its first arrival, and whether it came as a second message. */
interface Arrived {
  id: string;
  at: number;
  isTwice: boolean;
}

/** Stands for WhatsApp: a TCP server that notes what comes, line by line, and answers after 5 to 80 ms. */
export class Channel {
  /** All that came, copies included. */
  arrivals = 0;
  /** Numbers that came as more than one message: under two ids, or where none was reserved, twice. */
  twice = 0;
  /** Further arrivals of one message, which the receiver knows by its id. */
  copies = 0;
  /** Numbers whose first arrival was behind that of a later number of their stream and chat, each with that number. */
  readonly inversions: string[] = [];
  /** Arrivals under a lower fencing token than one before in the chat. */
  stale = 0;
  /** Arrivals while another message of the chat was being answered. */
  atTheSameTime = 0;
  private readonly numbers = new Map<string, Arrived>();
  private readonly latest = new Map<string, number>();
  private readonly fences = new Map<string, number>();
  private readonly underWay = new Map<string, Set<{ socket: Socket }>>();
  private readonly sockets = new Set<Socket>();
  private readonly random = seeded(1);

  private constructor(private readonly server: Server) {
    server.on('connection', (socket) => this.meet(socket));
  }

  static async start(): Promise<Channel> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new Channel(server);
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  has(stream: string, number: number): boolean {
    return this.arrivedAt(stream, number) !== undefined;
  }

  /** When it first arrived: milliseconds on the clock of this process. */
  arrivedAt(stream: string, number: number): number | undefined {
    return this.numbers.get(`${stream} ${number}`)?.at;
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
    await once(this.server, 'close');
  }

  private meet(socket: Socket): void {
    this.sockets.add(socket.setNoDelay(true));
    socket.on('error', () => undefined); // 'close' follows
    socket.once('close', () => this.sockets.delete(socket));
    const lines = createInterface({ input: socket });
    lines.on('line', (line) => void this.take(JSON.parse(line) as Handover, socket));
    lines.on('error', () => undefined); // the socket's own
  }

  private async take(handover: Handover, socket: Socket): Promise<void> {
    const { chat, request, messageId = randomUUID() } = handover;
    this.note(handover, messageId);
    const others = this.underWay.get(chat) ?? new Set<{ socket: Socket }>();
    // What a process that was killed has handed over is no more under way there.
    if ([...others].some((other) => !other.socket.destroyed)) this.atTheSameTime += 1;
    const own = { socket };
    this.underWay.set(chat, others.add(own));
    await sleep(LEAST_MS + this.random() * (MOST_MS - LEAST_MS));
    others.delete(own);
    if (!socket.destroyed) socket.write(`${JSON.stringify({ request, messageId } satisfies Answer)}\n`);
  }

  private note({ stream, number, chat, kind, fence }: Handover, messageId: string): void {
    this.arrivals += 1;
    if (fence !== undefined) {
      const highest = this.fences.get(chat) ?? 0;
      if (fence < highest) this.stale += 1;
      this.fences.set(chat, Math.max(highest, fence));
    }
    const key = `${stream} ${number}`;
    const known = this.numbers.get(key);
    if (known) {
      const isCopy = kind === 'baileys' && known.id === messageId;
      if (isCopy) this.copies += 1;
      else if (!known.isTwice) this.twice += 1;
      known.isTwice ||= !isCopy;
      return;
    }
    this.numbers.set(key, { id: messageId, at: performance.now(), isTwice: false });
    const place = `${stream} ${chat}`;
    const latest = this.latest.get(place) ?? -1;
    if (number < latest) this.inversions.push(`${stream} ${number} behind ${latest}`);
    this.latest.set(place, Math.max(latest, number));
  }
}
