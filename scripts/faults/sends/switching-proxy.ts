import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** A TCP proxy in front of a primary: at a failover it lets all connections go and leads new ones to the other server. */
export class SwitchingProxy {
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    private target: URL,
  ) {
    server.on('connection', (client) => this.carry(client));
  }

  static async start(url: string): Promise<SwitchingProxy> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new SwitchingProxy(server, new URL(url));
  }

  get url(): string {
    const { port } = this.server.address() as AddressInfo;
    return Object.assign(new URL(this.target), { port: `${port}` }).href;
  }

  switchTo(url: string): void {
    this.target = new URL(url);
    for (const socket of this.sockets) socket.destroy();
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
    await once(this.server, 'close');
  }

  private carry(client: Socket): void {
    const server = connect({ host: this.target.hostname, port: Number(this.target.port) });
    for (const [from, to] of [[client, server] as const, [server, client] as const]) {
      this.sockets.add(from.setNoDelay(true));
      from.on('data', (bytes) => to.write(bytes));
      from.on('error', () => undefined); // 'close' follows
      from.once('close', () => {
        this.sockets.delete(from);
        to.destroy();
      });
    }
  }
}
