import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

const PSYNC = /psync/i;

/**
 * A TCP proxy between a primary and its replica: what the primary sends to who asked it for replication arrives late. To all
 * others it is as the primary itself, as a replica names it where it is asked for its primary.
 */
export class LaggingProxy {
  private readonly sockets = new Set<Socket>();
  /** Of what has not arrived yet. */
  private readonly timers = new Set<NodeJS.Timeout>();

  private constructor(
    private readonly server: Server,
    private readonly target: URL,
    private readonly lagMs: number,
  ) {
    server.on('connection', (client) => this.carry(client));
  }

  static async start(url: string, lagMs: number): Promise<LaggingProxy> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new LaggingProxy(server, new URL(url), lagMs);
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    for (const timer of this.timers) clearTimeout(timer);
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
    await once(this.server, 'close');
  }

  private carry(client: Socket): void {
    const primary = connect({ host: this.target.hostname, port: Number(this.target.port) });
    let lags = false;
    client.on('data', (bytes) => {
      lags ||= PSYNC.test(bytes.toString('latin1'));
      primary.write(bytes);
    });
    primary.on('data', (bytes) => {
      if (lags) this.later(() => client.write(bytes));
      else client.write(bytes);
    });
    for (const [from, to] of [[client, primary] as const, [primary, client] as const]) {
      this.sockets.add(from.setNoDelay(true));
      from.on('error', () => undefined); // 'close' follows
      from.once('close', () => {
        this.sockets.delete(from);
        to.destroy();
      });
    }
  }

  private later(write: () => void): void {
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      write();
    }, this.lagMs);
    this.timers.add(timer);
  }
}
