import axios, { type AxiosRequestConfig } from 'axios';

/** The Business channel of EvolutionAPI 2.3, as far as its sends go: the same calls, the same silence about failures. */
export class BusinessChannel {
  readonly instance: { name: string };
  readonly connectionStatus = { state: 'open' };
  /** Contents of webhooks that Meta has sent, as its own handler got them. */
  readonly handled: unknown[] = [];

  constructor(
    private readonly url: string,
    name = 'shop',
    private readonly config: AxiosRequestConfig = {},
  ) {
    this.instance = { name };
  }

  textMessage(number: string, text: string): Promise<unknown> {
    return this.sendMessageWithTyping(number, { conversation: text }, {});
  }

  markAsRead(messageId: string): Promise<unknown> {
    return this.post({ messaging_product: 'whatsapp', status: 'read', message_id: messageId }, 'messages');
  }

  setProfile(about: string): Promise<unknown> {
    return this.post({ messaging_product: 'whatsapp', about }, 'whatsapp_business_profile');
  }

  async eventHandler(content: unknown): Promise<void> {
    await Promise.resolve();
    this.handled.push(content);
  }

  protected async sendMessageWithTyping(
    number: string,
    message: { conversation: string },
    _options?: object,
    _isIntegration = false,
  ): Promise<unknown> {
    try {
      const content = { messaging_product: 'whatsapp', to: number, text: { body: message.conversation } };
      const sent = (await this.post(content, 'messages')) as { message?: string; messages: { id: string }[] };
      if (sent.message) return sent;
      return { key: { fromMe: true, id: sent.messages[0]?.id, remoteJid: number } };
    } catch (error) {
      // eslint-disable-next-line @typescript-eslint/only-throw-error -- the host throws no Error there
      throw { status: 400, error: 'Bad Request', message: [String(error)] };
    }
  }

  private async post(message: object, params: string): Promise<unknown> {
    try {
      const { data } = await axios.post<unknown>(`${this.url}/${params}`, message, this.config);
      return data;
    } catch (error) {
      return (error as { response?: { data?: { error?: unknown } } }).response?.data?.error;
    }
  }
}
