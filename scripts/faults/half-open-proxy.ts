import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/**
 * A TCP proxy that can fall silent: what comes from either side is swallowed, and nothing is closed. So it looks to both
 * sides when a firewall forgets a connection, or a cable is pulled.
 */
export class HalfOpenProxy {
  /** Whether new connections are accepted and then left unanswered. */
  private deaf = false;
  private readonly sockets = new Set<Socket>();
  private readonly silent = new WeakSet<Socket>();

  private constructor(
    private readonly server: Server,
    private readonly target: { host: string; port: number },
  ) {
    server.on('connection', (client) => this.carry(client));
  }

  /** @param url of the server behind it. */
  static async start(url: string): Promise<HalfOpenProxy> {
    const { hostname: host, port } = new URL(url);
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new HalfOpenProxy(server, { host, port: Number(port) });
  }

  /** The same URL, through the proxy. */
  through(url: string): string {
    const { port } = this.server.address() as AddressInfo;
    return Object.assign(new URL(url), { port: `${port}` }).href;
  }

  /** All connections that there are fall silent for ever; with `alsoNew` those too that come before `heal`. */
  silence({ alsoNew }: { alsoNew: boolean }): void {
    this.deaf = alsoNew;
    for (const socket of this.sockets) this.silent.add(socket);
  }

  /** New connections get through again. */
  heal(): void {
    this.deaf = false;
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
    await once(this.server, 'close');
  }

  private carry(client: Socket): void {
    const server = this.deaf ? undefined : connect(this.target);
    this.pass(client, server);
    if (server) this.pass(server, client);
  }

  private pass(from: Socket, to: Socket | undefined): void {
    this.sockets.add(from.setNoDelay(true));
    from.on('data', (bytes) => {
      if (!this.silent.has(from)) to?.write(bytes);
    });
    from.on('error', () => undefined); // 'close' follows
    from.once('close', () => {
      this.sockets.delete(from);
      if (!this.silent.has(from)) to?.destroy();
    });
  }
}
