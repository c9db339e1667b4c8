import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { LOGGED_OUT, type FromSocket, type ToSocket } from './whatsapp-words';

/** One socket of one host. */
interface Line {
  instanceId: string;
  device: string | null;
  isOpen: boolean;
  say: (message: Omit<ToSocket, 'socket'>) => void;
}

/** What an instance has met, the latest last. */
export type Meeting = 'open' | 'qr' | 'refused' | 'logout';

/** Stands for WhatsApp: knows devices (credentials), refuses those that it has revoked, and shows codes to all others. */
export class WhatsApp {
  private readonly devices = new Map<string, string>();
  private readonly lines = new Set<Line>();
  private readonly sockets = new Set<Socket>();
  private readonly meetings = new Map<string, Meeting[]>();

  private constructor(private readonly server: Server) {
    server.on('connection', (socket) => this.meet(socket));
  }

  static async start(): Promise<WhatsApp> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new WhatsApp(server);
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
    await once(this.server, 'close');
  }

  /** A device that was linked before. */
  know(instanceId: string, device: string): void {
    this.devices.set(device, instanceId);
  }

  /** The phone removes all devices of an instance; those that are connected hear of it. */
  revoke(instanceId: string): void {
    for (const [device, owner] of this.devices) if (owner === instanceId) this.devices.delete(device);
    for (const line of this.linesOf(instanceId)) if (line.device) this.refuse(line);
  }

  /** Somebody scans the code that a socket of the instance shows. @returns the new device. */
  scan(instanceId: string): string {
    const line = this.linesOf(instanceId).find(({ device }) => device === null);
    if (!line) throw new Error(`${instanceId} shows no code`);
    const device = randomUUID();
    this.devices.set(device, instanceId);
    line.say({ is: 'paired', device } as ToSocket);
    return device;
  }

  /** All that an instance has met since the last call. */
  takeMeetings(instanceId: string): Meeting[] {
    const found = this.meetings.get(instanceId) ?? [];
    this.meetings.delete(instanceId);
    return found;
  }

  met(instanceId: string): readonly Meeting[] {
    return this.meetings.get(instanceId) ?? [];
  }

  /** Connections of an instance that are open. */
  openLines(instanceId: string): number {
    return this.linesOf(instanceId).filter(({ isOpen }) => isOpen).length;
  }

  private linesOf(instanceId: string): Line[] {
    return [...this.lines].filter((line) => line.instanceId === instanceId);
  }

  private note(instanceId: string, meeting: Meeting): void {
    const known = this.meetings.get(instanceId) ?? [];
    this.meetings.set(instanceId, [...known, meeting]);
  }

  private refuse(line: Line): void {
    this.lines.delete(line);
    this.note(line.instanceId, 'refused');
    line.say({ is: 'close', code: LOGGED_OUT } as ToSocket);
  }

  private meet(socket: Socket): void {
    this.sockets.add(socket.setNoDelay(true));
    const lines = new Map<number, Line>();
    socket.on('error', () => undefined); // 'close' follows
    socket.once('close', () => {
      this.sockets.delete(socket);
      for (const line of lines.values()) this.lines.delete(line);
    });
    const reader = createInterface({ input: socket });
    reader.on('error', () => undefined); // the socket's own
    reader.on('line', (text) => {
      const heard = JSON.parse(text) as FromSocket;
      if (heard.is === 'hello') {
        const say = (message: object) => socket.write(`${JSON.stringify({ ...message, socket: heard.socket })}\n`);
        const { instanceId, device } = heard;
        const line: Line = { instanceId, device, isOpen: false, say };
        lines.set(heard.socket, line);
        this.greet(line);
        return;
      }
      const line = lines.get(heard.socket);
      if (!line) return;
      lines.delete(heard.socket);
      this.lines.delete(line);
      if (heard.is === 'logout') {
        if (line.device) this.devices.delete(line.device);
        this.note(line.instanceId, 'logout');
      }
    });
  }

  private greet(line: Line): void {
    const { instanceId, device } = line;
    this.lines.add(line);
    if (device === null) {
      this.note(instanceId, 'qr');
      line.say({ is: 'qr' });
    } else if (this.devices.get(device) === instanceId) {
      line.isOpen = true;
      this.note(instanceId, 'open');
      line.say({ is: 'open' });
    } else this.refuse(line);
  }
}
