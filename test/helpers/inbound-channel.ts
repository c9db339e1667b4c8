import type { HostCache } from '../../src/cache/host-cache';

export interface Message {
  key: { id: string; remoteJid: string; fromMe: boolean };
  message?: object;
}

export interface Update {
  key: Message['key'];
  update: { status?: number; messageTimestamp?: number; message?: null };
}

export interface Batch {
  messages: Message[];
  type: string;
  requestId?: string;
}

export interface Settings {
  groupsIgnore: boolean;
}

/** What the versions differ in, as to what comes in. */
export const SHAPES = {
  /** The socket calls the handlers, and waits for none. */
  '2.3.0': { hasProcessor: false, marksMessages: true, marksTimes: false },
  /** A processor holds the handler of messages that there was when the channel was made. */
  '2.3.6': { hasProcessor: true, marksMessages: true, marksTimes: false },
  /** Has a processor, and calls the handlers itself. Messages are not deduplicated; updates are by their time. */
  '2.3.7': { hasProcessor: true, marksMessages: false, marksTimes: true },
} as const;
export type Version = keyof typeof SHAPES;

export const message = (id: string, content: object | undefined = { conversation: id }): Message => ({
  key: { id, remoteJid: '1@s.whatsapp.net', fromMe: false },
  ...(content && { message: content }),
});

export const update = (id: string, status = 3, more: Partial<Update['update']> = {}): Update => ({
  key: message(id).key,
  update: { status, ...more },
});

type Handler = (batch: Batch, settings: Settings) => Promise<void>;

/** Hands batches to the handler of each mount that is not ended, one after the other. */
class Processor {
  subscription: { unsubscribe(): void } | undefined;
  readonly mounts = new Set<{ handler: Handler; last: Promise<void> }>();

  mount({ onMessageReceive }: { onMessageReceive: Handler }): void {
    const mount = { handler: onMessageReceive, last: Promise.resolve() };
    this.mounts.add(mount);
    this.subscription = { unsubscribe: () => void this.mounts.delete(mount) };
  }

  async processMessage(batch: Batch, settings: Settings): Promise<void> {
    for (const mount of this.mounts) mount.last = mount.last.then(() => mount.handler(batch, settings));
    await Promise.all([...this.mounts].map(({ last }) => last));
  }
}

class Channel {
  instance: { name?: string; id?: string } = {};
  readonly logged: unknown[] = [];
  readonly logger = { error: (error: unknown) => void this.logged.push(error) };
  /** What was handed on: the event, and the id of its message. */
  readonly told: string[] = [];
  emit: (event: string, id: string) => Promise<void> = () => Promise.resolve();

  async sendDataWebhook(event: string, { key }: { key: { id: string } }): Promise<void> {
    this.told.push(`${event} ${key.id}`);
    await this.emit(event, key.id);
  }
}

/** What the host's Baileys channel does about what comes in. A class for each call, as the plugin changes the class. */
export function inboundChannelClass(version: Version) {
  const { hasProcessor, marksMessages, marksTimes } = SHAPES[version];

  return class Baileys extends Channel {
    settings: Settings = { groupsIgnore: false };
    /** Ids of messages that the host has a row of. Updates of others are left out. */
    readonly stored = new Set<string>();
    readonly counted: string[] = [];
    /** What the host does about one message before it hands it on, and after. */
    before: (id: string) => unknown = () => undefined;
    after: (id: string) => unknown = () => undefined;
    readonly messageProcessor = hasProcessor ? new Processor() : undefined;

    readonly messageHandle = {
      'messages.upsert': async ({ messages, type, requestId }: Batch, settings: Settings) => {
        try {
          for (const received of messages) await this.receive(received, type, requestId, settings);
        } catch (error) {
          this.logger.error(error);
        }
      },
      'messages.update': async (updates: Update[], settings: Settings) => {
        const chats = new Set<string>();
        for (const each of updates) await this.change(each, settings, chats);
        await Promise.all([...chats].map((chat) => this.updateChatUnreadMessages(chat)));
      },
    };

    constructor(readonly cache: HostCache) {
      super();
      this.messageProcessor?.mount({ onMessageReceive: this.messageHandle['messages.upsert'].bind(this) });
    }

    /** What the socket says; resolves when the handler has ended. */
    upsert(messages: Message[], requestId?: string): Promise<void> {
      const batch = { messages, type: 'notify', ...(requestId && { requestId }) };
      if (this.messageProcessor && version !== '2.3.7') {
        return this.messageProcessor.processMessage(batch, this.settings);
      }
      return this.messageHandle['messages.upsert'](batch, this.settings);
    }

    update(...updates: Update[]): Promise<void> {
      return this.messageHandle['messages.update'](updates, this.settings);
    }

    updateChatUnreadMessages(chat: string): Promise<void> {
      this.counted.push(chat);
      return Promise.resolve();
    }

    async receive({ key, message }: Message, type: string, requestId: string | undefined, settings: Settings) {
      if (marksMessages) {
        const mark = `${this.instance.id}_${key.id}`;
        if ((await this.cache.get(mark)) && !requestId) return;
        void this.cache.set(mark, true, 300);
      }
      if (type !== 'notify' || !message) return;
      if (settings.groupsIgnore && key.remoteJid.includes('@g.us')) return;
      await this.before(key.id);
      this.stored.add(key.id);
      void this.cache.set(`${key.remoteJid}_1700000000_false`, true, 300);
      void this.sendDataWebhook('messages.upsert', { key }).catch(() => undefined);
      await this.after(key.id);
    }

    async change({ key, update }: Update, settings: Settings, chats: Set<string>): Promise<void> {
      if (settings.groupsIgnore && key.remoteJid.includes('@g.us')) return;
      const mark = `${this.instance.id}_${key.id}_${update.status}`;
      const cached = await this.cache.get(mark);
      const isSeen = marksTimes ? update.messageTimestamp !== undefined && update.messageTimestamp === cached : cached;
      if (isSeen) return;
      void this.cache.set(mark, marksTimes ? (update.messageTimestamp ?? 1_700_000_000) : true, 1800);
      if (key.remoteJid === 'status@broadcast' || !this.stored.has(key.id)) return;
      await this.before(key.id);
      chats.add(key.remoteJid);
      const event = update.message === null ? 'messages.delete' : 'messages.update';
      void this.sendDataWebhook(event, { key }).catch(() => undefined);
      await this.after(key.id);
    }
  };
}

export type InboundChannel = InstanceType<ReturnType<typeof inboundChannelClass>>;
