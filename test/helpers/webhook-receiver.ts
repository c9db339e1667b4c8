import { EventEmitter, once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ReceivedWebhook {
  messageId: string;
  chat: string;
  sequence: number;
  method: string;
  path: string;
  /** Tells connections apart. */
  clientPort: number;
  headers: IncomingHttpHeaders;
  /** As they stood on the wire: name, value, name, value. */
  rawHeaders: string[];
  text: string;
  body: { event: string; instance: string; data: Record<string, unknown>; destination?: string };
}

/** What becomes of a request. */
export type Behaviour =
  | { status: number; headers?: Record<string, string>; body?: string | Buffer }
  /** No answer, for ever. */
  | 'hang'
  /** The connection is reset. */
  | 'reset';

const TAKEN: Behaviour = { status: 200 };

/** A receiver of webhooks that does what it is told. */
export class WebhookReceiver {
  /** Those that were answered with 2xx. */
  readonly received: ReceivedWebhook[] = [];
  /** Requests of any outcome. */
  asked = 0;
  behave: (request: ReceivedWebhook) => Behaviour | Promise<Behaviour> = () => TAKEN;
  private readonly arrivals = new EventEmitter();
  private server: Server | undefined;
  private port = 0;

  static async start(): Promise<WebhookReceiver> {
    const receiver = new WebhookReceiver();
    await receiver.comeBack();
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/hook`;
  }

  /** At the same port. */
  async comeBack(): Promise<void> {
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('error', () => undefined);
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        const { method = '', url = '', headers, rawHeaders } = request;
        const clientPort = request.socket.remotePort ?? 0;
        const webhook = toWebhook({ method, path: url, clientPort, headers, rawHeaders, text });
        this.asked += 1;
        void Promise.resolve(this.behave(webhook)).then((behaviour) => {
          if (behaviour === 'reset') request.socket.resetAndDestroy();
          else if (behaviour !== 'hang') {
            if (behaviour.status >= 200 && behaviour.status < 300) this.received.push(webhook);
            response.writeHead(behaviour.status, behaviour.headers).end(behaviour.body);
          }
          this.arrivals.emit('request');
        });
      });
    });
    server.listen(this.port, '127.0.0.1');
    await once(server, 'listening');
    this.port = (server.address() as AddressInfo).port;
    this.server = server;
  }

  /** Nobody listens at its port any more, and its connections are cut. */
  async goAway(): Promise<void> {
    const { server } = this;
    if (!server) return;
    this.server = undefined;
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  }

  /** Resolves when the condition holds; asked again after every request. */
  async until(condition: (receiver: WebhookReceiver) => boolean): Promise<void> {
    while (!condition(this)) await once(this.arrivals, 'request');
  }
}

function toWebhook(request: Omit<ReceivedWebhook, 'messageId' | 'chat' | 'sequence' | 'body'>): ReceivedWebhook {
  const { headers, text } = request;
  return {
    ...request,
    messageId: String(headers['webhook-id']),
    chat: String(headers['guard-chat']),
    sequence: Number(headers['guard-chat-sequence']),
    body: (text.startsWith('{') ? JSON.parse(text) : {}) as ReceivedWebhook['body'],
  };
}
