import { randomInt, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { freePort } from '../services/free-port';
import { ServerProcess } from '../services/server-process';
import { hostEnvironment, type Backends } from './environment';
import type { HostProgram } from './program';

const LOOPBACK_ONLY = join(__dirname, 'loopback.cjs');
const ANSWER_MS = 60_000;

export interface StartHostOptions extends Backends {
  /** Whether the plugin is switched on. */
  guarded: boolean;
  /** Beside those that every host gets. */
  variables?: Readonly<Record<string, string>>;
}

export interface InstanceSettings {
  /** Events that go to its own exchange in RabbitMQ, as the host names them in settings: SEND_MESSAGE. */
  rabbitmq?: readonly string[];
  webhook?: WebhookSettings;
}

/** As the host's routes take them. */
export interface WebhookSettings {
  url: string;
  events: readonly string[];
  headers?: Readonly<Record<string, string>>;
  byEvents?: boolean;
}

interface Health {
  status: string;
  features: { feature: string; verdict: string; reason: string }[];
  rabbitmq: { connected: boolean } | null;
  outbox: { pending: number; dead: number } | null;
}

/** A host in a process of its own, which ends with this one. It is spoken to by HTTP, as its users do. */
export class RunningHost {
  private constructor(
    readonly url: string,
    readonly apiKey: string,
    private readonly server: ServerProcess,
  ) {}

  /** Resolves when it answers. Rejects with the end of what it printed when it ends before that. */
  static async start(program: HostProgram, options: StartHostOptions): Promise<RunningHost> {
    const apiKey = randomUUID();
    const { port, command } = await hostCommand(program, { ...options, apiKey });
    const url = `http://127.0.0.1:${port}`;
    const server = await ServerProcess.start({
      name: program.name.replaceAll(/[^\w.]+/g, '-'),
      url,
      how: 'binary',
      stopSignal: 'SIGTERM',
      // In the folder that lasts over restarts, and away from the checkout.
      prepare: (folder) => ({ ...command, env: { ...command.env, GUARD_SPILL_DIR: join(folder, 'spill') } }),
      answers: () => fetch(url, { signal: AbortSignal.timeout(5_000) }),
    });
    return new RunningHost(url, apiKey, server);
  }

  get pid(): number | undefined {
    return this.server.pid;
  }

  /** Path of what it prints. */
  get log(): string {
    return join(this.server.folder, 'output.log');
  }

  get(path: string, apiKey: string | null = this.apiKey): Promise<Response> {
    return this.request('GET', path, apiKey === null ? {} : { apikey: apiKey });
  }

  async health(): Promise<Health> {
    return (await expectStatus(200, await this.get('/guard/health'))) as Health;
  }

  /** On the channel that works without WhatsApp. */
  async createInstance(instanceName: string, { rabbitmq, webhook }: InstanceSettings): Promise<void> {
    const body = {
      instanceName,
      integration: 'EVOLUTION',
      token: randomUUID(),
      number: `55119${randomInt(10_000_000, 99_999_999)}`,
      qrcode: false,
      ...(rabbitmq && { rabbitmq: { enabled: true, events: rabbitmq } }),
      ...(webhook && { webhook: { enabled: true, ...webhook } }),
    };
    await expectStatus(201, await this.post('/instance/create', body));
  }

  async setWebhook(instance: string, webhook: WebhookSettings): Promise<void> {
    await expectStatus(201, await this.post(`/webhook/set/${instance}`, { webhook: { enabled: true, ...webhook } }));
  }

  /** Any event, on our stand-in only. */
  async emit(instance: string, event: object): Promise<void> {
    await expectStatus(202, await this.post(`/lab/emit/${instance}`, event));
  }

  /** @returns the id of the message, which was accepted. */
  async sendText(instance: string, number: string, text: string): Promise<string> {
    const answer = await expectStatus(201, await this.post(`/message/sendText/${instance}`, { number, text }));
    return (answer as { key: { id: string } }).key.id;
  }

  kill(): Promise<void> {
    return this.server.kill();
  }

  /** Comes back at the same address, with the same backends. */
  restart(): Promise<void> {
    return this.server.restart();
  }

  stop(): Promise<void> {
    return this.server.stop();
  }

  private post(path: string, body: object): Promise<Response> {
    const headers = { apikey: this.apiKey, 'content-type': 'application/json' };
    return this.request('POST', path, headers, JSON.stringify(body));
  }

  private request(method: string, path: string, headers: Record<string, string>, body: string | null = null) {
    return fetch(`${this.url}${path}`, { method, headers, body, signal: AbortSignal.timeout(ANSWER_MS) });
  }
}

/** How the host is started on a free port, for who wants to see it end by itself. */
export async function hostCommand(program: HostProgram, options: StartHostOptions & { apiKey: string }) {
  const port = await freePort();
  const env = { ...hostEnvironment({ ...options, port }), ...program.variables, ...options.variables };
  const node = [process.execPath, '--require', LOOPBACK_ONLY, ...program.args];
  // The shell goes to the host's folder and then becomes the host, so that its pid is the host's own.
  return { port, command: { command: 'sh', args: ['-c', 'cd "$0" && exec "$@"', program.folder, ...node], env } };
}

async function expectStatus(status: number, response: Response): Promise<unknown> {
  const text = await response.text();
  if (response.status !== status) throw new Error(`${response.url} answered ${response.status}: ${text}`);
  return JSON.parse(text) as unknown;
}
