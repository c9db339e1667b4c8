export interface BaileysUpdate {
  connection?: 'open' | 'connecting' | 'close';
  qr?: string;
  lastDisconnect?: { error?: { message?: string; output?: { statusCode?: number } } };
}

/** Codes after which the host does not connect again. */
const LOGGED_OUT = [401, 402, 403, 406];

export const closedWith = (statusCode: number, message = ''): BaileysUpdate => ({
  connection: 'close',
  lastDisconnect: { error: { message, output: { statusCode } } },
});

/** A socket, as far as the host's channel and the plugin use it. */
export class BaileysSocket {
  readonly ws = { isOpen: true };
  readonly asked: object[] = [];
  ended: Error | undefined;
  /** What a ping comes to. */
  answer: () => Promise<unknown> = () => Promise.resolve({ tag: 'iq' });

  constructor(private readonly hear: (update: BaileysUpdate) => unknown) {}

  query(node: object, _timeoutMs?: number): Promise<unknown> {
    this.asked.push(node);
    return this.answer();
  }

  end(error: Error): void {
    this.ended = error;
    this.say({ connection: 'close', lastDisconnect: { error } });
  }

  /** Nobody waits for what the host does about it, as in the host. */
  say(update: BaileysUpdate): void {
    void this.hear(update);
  }
}

/** What all channels of the host have. */
class Channel {
  instance: { name?: string; id?: string } = {};
  client?: BaileysSocket;
  stateConnection: { state: string; statusReason?: number } = { state: 'close' };
  /** What the host told, in order: event and data. */
  told: [event: string, data: unknown][] = [];
  emit: () => Promise<void> = () => Promise.resolve();

  get connectionStatus() {
    return this.stateConnection;
  }

  sendDataWebhook(event: string, data: unknown, _local = true, _integration?: string[], _extra?: object) {
    this.told.push([event, data]);
    return this.emit();
  }
}

/**
 * What the host's Baileys channel does about its connection (2.3.7). A class of its own for each call, as the plugin
 * changes the class.
 */
export function baileysChannelClass() {
  return class Baileys extends Channel {
    phoneNumber: string | undefined;
    /** Of each connect: the number it was given, or null. */
    connects: unknown[] = [];
    /** What a connect waits for before it makes a socket; it may fail. */
    gate: () => Promise<void> = () => Promise.resolve();

    async connectionUpdate({ connection, lastDisconnect }: BaileysUpdate): Promise<void> {
      if (!connection) return;
      const statusReason = lastDisconnect?.error?.output?.statusCode ?? 200;
      this.stateConnection = { state: connection, statusReason };
      if (connection === 'close' && !LOGGED_OUT.includes(statusReason)) {
        await this.connectToWhatsapp(this.phoneNumber);
        return;
      }
      void this.sendDataWebhook('connection.update', { instance: this.instance.name, ...this.stateConnection });
    }

    async connectToWhatsapp(number?: string): Promise<BaileysSocket> {
      this.connects.push(number ?? null);
      await this.gate();
      this.client = new BaileysSocket((update) => this.connectionUpdate(update));
      return this.client;
    }
  };
}

export type BaileysChannel = InstanceType<ReturnType<typeof baileysChannelClass>>;
