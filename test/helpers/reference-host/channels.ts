import { randomUUID } from 'node:crypto';
import type { EmitData, Events, InstanceData } from './shapes';

interface Options {
  delay?: number;
}

interface Text {
  number: string;
  text: string;
  delay?: number;
}

/** What the host looks up before it sends: for one message it takes longer than for another. */
const MOST_LOOK_UP_MS = 3;

/** A number at WhatsApp. Each kind has the methods and signatures that the host's class of that name has. */
export abstract class Channel {
  state: 'open' | 'close' = 'open';
  readonly instance: { name: string };

  constructor(
    readonly settings: InstanceData,
    private readonly events: Events,
  ) {
    this.instance = { name: settings.instanceName };
  }

  abstract textMessage(data: Text): Promise<unknown>;

  get connectionStatus(): { state: string } {
    return { state: this.state };
  }

  async close(): Promise<void> {
    await Promise.resolve();
    this.state = 'close';
  }

  /** Not awaited by its callers, as in the host. */
  sendDataWebhook(event: string, data: unknown): Promise<void> {
    const eventData: EmitData = {
      instanceName: this.settings.instanceName,
      origin: 'Channel',
      event,
      data,
      serverUrl: 'http://127.0.0.1',
      dateTime: new Date().toISOString(),
      sender: undefined,
      apiKey: null,
      local: true,
    };
    return this.events.emit(eventData);
  }

  protected async prepare(options: Options | undefined): Promise<void> {
    const milliseconds = (options?.delay ?? 0) + Math.random() * MOST_LOOK_UP_MS;
    await new Promise((resolve) => setTimeout(resolve, milliseconds));
  }

  protected report(id: string, number: string, message: object): object {
    const key = { id, remoteJid: number, fromMe: true };
    const sent = { key, message, messageType: 'conversation', messageTimestamp: Math.round(Date.now() / 1000) };
    void this.sendDataWebhook('send.message', sent);
    return sent;
  }
}

class Baileys extends Channel {
  /** Bound when the instance is made. */
  readonly messageHandle = {
    'messages.upsert': (_upsert: unknown): void => undefined,
    'messages.update': (_updates: unknown): void => undefined,
  };

  textMessage({ number, text, ...options }: Text) {
    return this.sendMessageWithTyping(number, { conversation: text }, options);
  }

  updateMessage(data: object) {
    return Promise.resolve(data);
  }

  deleteMessage(data: object) {
    return Promise.resolve(data);
  }

  private async sendMessageWithTyping(number: string, message: object, options?: Options, _isIntegration = false) {
    await this.prepare(options);
    const { key } = await this.sendMessage(number, message, undefined, undefined, undefined, null, undefined, {});
    return this.report(key.id, number, message);
  }

  private sendMessage(
    _sender: string,
    _message: object,
    _mentions: unknown,
    _linkPreview: unknown,
    _quoted: unknown,
    messageId?: string | null,
    _ephemeralExpiration?: number,
    _contextInfo?: object,
  ) {
    return Promise.resolve({ key: { id: messageId ?? randomUUID() } });
  }
}

class Business extends Channel {
  textMessage({ number, text, ...options }: Text) {
    return this.sendMessageWithTyping(number, { conversation: text }, options);
  }

  eventHandler(_content: unknown): Promise<void> {
    return Promise.resolve();
  }

  protected async sendMessageWithTyping(number: string, message: object, options?: Options, _isIntegration = false) {
    await this.prepare(options);
    const { messages } = await this.post({ to: number, ...message }, 'messages');
    return this.report(messages[0].id, number, message);
  }

  /** A request to Meta in the host. */
  private post(_message: object, _params: string): Promise<{ messages: [{ id: string }] }> {
    return Promise.resolve({ messages: [{ id: `wamid.${randomUUID()}` }] });
  }
}

class Evolution extends Channel {
  textMessage({ number, text, ...options }: Text) {
    return this.sendMessageWithTyping(number, { conversation: text }, options, null);
  }

  protected async sendMessageWithTyping(
    number: string,
    message: object,
    options?: Options,
    _file?: unknown,
    _isIntegration = false,
  ) {
    await this.prepare(options);
    return this.report(randomUUID(), number, message);
  }
}

const KINDS: Record<string, new (settings: InstanceData, events: Events) => Channel> = {
  'WHATSAPP-BAILEYS': Baileys,
  'WHATSAPP-BUSINESS': Business,
  EVOLUTION: Evolution,
};

/** The factory that makes every instance, as the host's ChannelController. */
export class ChannelController {
  constructor(private readonly events: Events) {}

  init(instanceData: InstanceData, _parts: unknown): Channel | null {
    const Kind = KINDS[instanceData.integration];
    return Kind ? new Kind(instanceData, this.events) : null;
  }
}
