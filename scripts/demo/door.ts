import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { freePort } from '../services/free-port';
import type { BreakableBroker } from './outage';

/** The way to a broker that belongs to someone else: shutting it is all the outage that they can be asked for. */
export class Door implements BreakableBroker {
  readonly how = 'given';
  readonly url: string;
  private readonly sockets = new Set<Socket>();
  private server: Server | undefined;

  private constructor(
    private readonly broker: URL,
    private readonly port: number,
  ) {
    this.url = Object.assign(new URL(broker), { hostname: '127.0.0.1', port: `${port}` }).href;
  }

  static async to(url: string): Promise<Door> {
    const door = new Door(new URL(url), await freePort());
    await door.restart();
    return door;
  }

  kill(): Promise<void> {
    this.server?.close();
    for (const socket of this.sockets) socket.destroy();
    return Promise.resolve();
  }

  async restart(): Promise<void> {
    this.server = createServer((near) => {
      const far = connect(Number(this.broker.port || 5672), this.broker.hostname);
      for (const [socket, other] of [
        [near, far],
        [far, near],
      ] as const) {
        this.sockets.add(socket);
        socket.pipe(other);
        socket.on('error', () => other.destroy()).on('close', () => this.sockets.delete(socket));
      }
    });
    this.server.listen(this.port, '127.0.0.1');
    await once(this.server, 'listening');
  }

  stop = () => this.kill();
}
