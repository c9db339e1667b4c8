import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { FromSocket, ToSocket } from '../whatsapp-words';

type Said = FromSocket extends infer One ? (One extends FromSocket ? Omit<One, 'socket'> : never) : never;

/** This process's way to WhatsApp, which all its sockets share. */
export class WhatsAppClient {
  private readonly sockets = new Map<number, (heard: ToSocket) => void>();
  private count = 0;

  private constructor(private readonly socket: Socket) {
    const lines = createInterface({ input: socket });
    lines.on('error', () => undefined); // the socket's own
    lines.on('line', (text) => {
      const heard = JSON.parse(text) as ToSocket;
      this.sockets.get(heard.socket)?.(heard);
    });
    socket.on('error', () => undefined);
  }

  static async open(port: number): Promise<WhatsAppClient> {
    const socket = connect({ host: '127.0.0.1', port }).setNoDelay(true);
    await once(socket, 'connect');
    return new WhatsAppClient(socket);
  }

  /** @returns what the socket speaks with. */
  join(hear: (heard: ToSocket) => void): { say: (said: Said) => void; leave: () => void } {
    const socket = (this.count += 1);
    this.sockets.set(socket, hear);
    return {
      say: (said) => void this.socket.write(`${JSON.stringify({ ...said, socket })}\n`),
      leave: () => void this.sockets.delete(socket),
    };
  }
}
