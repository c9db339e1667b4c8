import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Arrivals } from './arrivals';
import { readNumbered } from './numbered-event';

/** Instead of taking an event and answering with 200. */
export interface Behaviour {
  takes: () => boolean;
  answer: (response: ServerResponse) => unknown;
}

/** Takes webhooks; may be told to behave badly. */
export class WebhookReceiver {
  /** How it behaves badly, while that is set. */
  behaviour: Behaviour | undefined;
  /** Requests that met with that. */
  misbehaved = 0;

  private constructor(
    private readonly server: Server,
    private readonly arrivals: Arrivals,
  ) {
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      // A sender that goes away in the middle will come again.
      this.answer(request, response).catch(() => response.destroy());
    });
  }

  static async start(arrivals: Arrivals): Promise<WebhookReceiver> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new WebhookReceiver(server, arrivals);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/`;
  }

  async stop(): Promise<void> {
    this.server.close();
    this.server.closeAllConnections();
    await once(this.server, 'close');
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request);
    const { behaviour } = this;
    if (!behaviour || behaviour.takes()) {
      this.arrivals.take({ ...readNumbered(body), id: String(request.headers['webhook-id']), redelivered: false });
    }
    if (!behaviour) return void response.end();
    this.misbehaved += 1;
    behaviour.answer(response);
  }
}
