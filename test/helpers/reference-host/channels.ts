import { randomUUID } from 'node:crypto';
import type { EmitData, Events, InstanceData } from './shapes';

interface Options {
  delay?: number;
}

/** A number at WhatsApp. Each kind has the signature that the host's class of that name has. */
export abstract class Channel {
  state: 'open' | 'close' = 'open';

  constructor(
    readonly settings: InstanceData,
    private readonly events: Events,
  ) {}

  abstract textMessage(data: { number: string; text: string; delay?: number }): Promise<unknown>;

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

  protected async send(number: string, message: object, options: Options | undefined): Promise<object> {
    if (options?.delay) await new Promise((resolve) => setTimeout(resolve, options.delay));
    const key = { id: randomUUID(), remoteJid: number, fromMe: true };
    const sent = { key, message, messageType: 'conversation', messageTimestamp: Math.round(Date.now() / 1000) };
    void this.sendDataWebhook('send.message', sent);
    return sent;
  }
}

class Baileys extends Channel {
  private sendMessageWithTyping(number: string, message: object, options?: Options, _isIntegration = false) {
    return this.send(number, message, options);
  }

  textMessage({ number, text, ...options }: { number: string; text: string; delay?: number }) {
    return this.sendMessageWithTyping(number, { conversation: text }, options);
  }
}

class Business extends Channel {
  protected sendMessageWithTyping(number: string, message: object, options?: Options, _isIntegration = false) {
    return this.send(number, message, options);
  }

  textMessage({ number, text, ...options }: { number: string; text: string; delay?: number }) {
    return this.sendMessageWithTyping(number, { conversation: text }, options);
  }
}

class Evolution extends Channel {
  protected sendMessageWithTyping(
    number: string,
    message: object,
    options?: Options,
    _file?: unknown,
    _isIntegration = false,
  ) {
    return this.send(number, message, options);
  }

  textMessage({ number, text, ...options }: { number: string; text: string; delay?: number }) {
    return this.sendMessageWithTyping(number, { conversation: text }, options, null);
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
