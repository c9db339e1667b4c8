import { LOGGED_OUT, RESTART_REQUIRED, type ToSocket } from '../whatsapp-words';
import type { AuthState } from './auth-state';
import type { WhatsAppClient } from './whatsapp-client';

/** Baileys' ConnectionState, as far as it matters here. */
export interface Update {
  qr?: string;
  connection?: 'open' | 'connecting' | 'close';
  lastDisconnect?: { error: (Error & { output?: { statusCode: number } }) | undefined };
}

export interface SocketEvents {
  connection: (update: Update) => void;
  /** Resolves when they are saved. */
  creds: () => Promise<void>;
}

/** Keys that a pairing leaves. */
const KEYS = 5;
/** How long a socket that is ended goes on saving what it still has, and how often it saves. */
const [LATE_MS, SAVE_EVERY_MS] = [1_500, 2];

const ended = (message: string, statusCode: number) => Object.assign(new Error(message), { output: { statusCode } });

/** As makeWASocket of Baileys: connects at once, and tells of it by events. */
export class FakeSocket {
  readonly ws: { isOpen: boolean; close: () => void };
  private readonly way: ReturnType<WhatsAppClient['join']>;
  private readonly keys: AuthState['state']['keys'];
  private isEnded = false;
  private late = 0;

  /** @param savesLate whether it saves credentials all the time, and for a while after its end. */
  constructor(
    client: WhatsAppClient,
    instanceId: string,
    private readonly auth: AuthState,
    private readonly events: SocketEvents,
    savesLate: boolean,
  ) {
    this.keys = auth.state.keys;
    this.ws = { isOpen: false, close: () => this.end(ended('Connection Terminated', 428)) };
    this.way = client.join((heard) => void this.hear(heard));
    const { device } = auth.state.creds;
    setImmediate(() => {
      if (this.isEnded) return;
      events.connection({ connection: 'connecting' });
      this.way.say({ is: 'hello', instanceId, device });
      if (savesLate && device) this.saveOnAndOn(device);
    });
  }

  /** Removes this device at WhatsApp. */
  logout(message: string): Promise<void> {
    if (!this.isEnded) this.way.say({ is: 'logout' });
    this.end(ended(message, LOGGED_OUT));
    return Promise.resolve();
  }

  end(error: (Error & { output?: { statusCode: number } }) | undefined): void {
    if (this.isEnded) return;
    this.isEnded = true;
    this.ws.isOpen = false;
    this.way.say({ is: 'end' });
    this.way.leave();
    this.events.connection({ connection: 'close', lastDisconnect: { error } });
  }

  private async hear(heard: ToSocket): Promise<void> {
    switch (heard.is) {
      case 'open':
        this.ws.isOpen = true;
        return this.events.connection({ connection: 'open' });
      case 'qr':
        return this.events.connection({ qr: 'a code' });
      case 'close':
        return this.end(ended(heard.code === LOGGED_OUT ? 'Stream Errored (conflict)' : 'Stream Errored', heard.code));
      case 'paired': {
        const { device } = heard;
        this.auth.state.creds.device = device;
        const keys = Array.from({ length: KEYS }, (_, number) => [`${number}`, { device }] as const);
        await Promise.all([this.events.creds(), this.keys.set({ 'pre-key': Object.fromEntries(keys) })]);
        this.end(ended('Stream Errored (restart required)', RESTART_REQUIRED)); // as after every pairing
      }
    }
  }

  private saveOnAndOn(device: string): void {
    const save = setInterval(() => {
      this.late += 1;
      void this.keys.set({ session: { [`late-${this.late % 50}`]: { device } } }).catch(() => undefined);
      void this.events.creds();
    }, SAVE_EVERY_MS);
    const look = setInterval(() => {
      if (!this.isEnded) return;
      clearInterval(look);
      setTimeout(() => clearInterval(save), LATE_MS);
    }, SAVE_EVERY_MS);
  }
}
