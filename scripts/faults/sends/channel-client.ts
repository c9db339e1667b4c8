import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { Answer, Handover } from './message';

/** A message that has been handed over. */
export interface Handed {
  /** Resolves when its bytes are with the system: what becomes of this process does not hold them back any more. */
  written: Promise<void>;
  /** Resolves with WhatsApp's id. @throws where the connection ends before. */
  answer: Promise<string>;
}

/** The host's connection to the channel. */
export class ChannelClient {
  private readonly waiting = new Map<number, { resolve: (id: string) => void; reject: (error: Error) => void }>();
  private requests = 0;

  private constructor(private readonly socket: Socket) {
    const lines = createInterface({ input: socket });
    lines.on('error', () => undefined); // the socket's own
    lines.on('line', (line) => {
      const { request, messageId } = JSON.parse(line) as Answer;
      this.waiting.get(request)?.resolve(messageId);
      this.waiting.delete(request);
    });
    socket.on('error', () => undefined); // 'close' follows
    socket.once('close', () => {
      for (const { reject } of this.waiting.values()) reject(new Error('the connection ended without an answer'));
      this.waiting.clear();
    });
  }

  static async open(port: number): Promise<ChannelClient> {
    const socket = connect({ host: '127.0.0.1', port }).setNoDelay(true);
    await once(socket, 'connect');
    return new ChannelClient(socket);
  }

  /** Writes at once. */
  hand(message: Omit<Handover, 'request'>): Handed {
    const request = (this.requests += 1);
    const answer = new Promise<string>((resolve, reject) => this.waiting.set(request, { resolve, reject }));
    answer.catch(() => undefined); // who asked for it hears of it too
    const written = new Promise<void>((resolve, reject) => {
      this.socket.write(`${JSON.stringify({ ...message, request })}\n`, (error) => (error ? reject(error) : resolve()));
    });
    return { written, answer };
  }
}
