import axios, { AxiosError } from 'axios';
import jwt from 'jsonwebtoken';
import type { WebhookSettings } from './config';
import type { EmitData, InstanceData, Instances } from './shapes';

/**
 * Webhooks as EvolutionAPI 2.3 delivers them, with its weaknesses, which are the point: tries live in memory, one event
 * after another is awaited while it is tried, those of a chat overtake each other, and after some tries they are dropped.
 */
export class StockWebhook {
  /** The host reads its table by Prisma; here the table is what the instances have. */
  readonly prisma = {
    webhook: {
      findFirst: async ({ where }: { where: { Instance: { name: string } } }) => this.get(where.Instance.name),
    },
  };

  constructor(
    private readonly settings: WebhookSettings,
    private readonly monitor: Instances,
  ) {}

  async get(instanceName: string) {
    await new Promise(setImmediate); // the host reads its database here
    const webhook = this.monitor.waInstances[instanceName]?.settings.webhook;
    if (!webhook) return null;
    const { enabled = true, url, events, headers = null, byEvents = false } = webhook;
    return { enabled, url, events, headers, webhookByEvents: byEvents };
  }

  async set(instanceName: string, { webhook }: Pick<InstanceData, 'webhook'>): Promise<unknown> {
    await new Promise(setImmediate); // and writes it here
    const instance = this.monitor.waInstances[instanceName];
    if (instance && webhook) instance.settings.webhook = webhook;
    return webhook;
  }

  async emit(eventData: EmitData): Promise<void> {
    const { instanceName, event, integration, extra, data, dateTime, sender, serverUrl, apiKey, local } = eventData;
    if (integration && !integration.includes('webhook')) return;
    const own = await this.get(instanceName);
    const key = event.replace(/[.-]/g, '_').toUpperCase();
    const suffix = key.replace(/_/g, '-').toLowerCase();
    const { GLOBAL, EVENTS } = this.settings;
    const destination = own?.url || `${GLOBAL.URL}/${suffix}`;
    const rest = { data, destination, date_time: dateTime, sender, server_url: serverUrl, apikey: apiKey };
    const body = { ...extra, event, instance: instanceName, ...rest };
    if (local && own?.enabled && own.events.includes(key) && /^https?:\/\//.test(own.url)) {
      await this.deliver(own.webhookByEvents ? `${own.url}/${suffix}` : own.url, body, sentHeaders(own.headers));
    }
    if (GLOBAL.ENABLED && EVENTS[key] && /^https?:\/\//.test(GLOBAL.URL)) {
      await this.deliver(GLOBAL.WEBHOOK_BY_EVENTS ? `${GLOBAL.URL}/${suffix}` : GLOBAL.URL, body, {});
    }
  }

  private async deliver(url: string, body: object, headers: Record<string, string>): Promise<void> {
    const { REQUEST, RETRY } = this.settings;
    for (let tried = 1; tried <= RETRY.MAX_ATTEMPTS; tried += 1) {
      try {
        await axios.post(url, body, { headers, timeout: REQUEST.TIMEOUT_MS });
        return;
      } catch (error) {
        const status = error instanceof AxiosError ? (error.response?.status ?? 0) : 0;
        if (RETRY.NON_RETRYABLE_STATUS_CODES.includes(status)) return; // stock logs it and goes on
        const seconds = Math.min(RETRY.INITIAL_DELAY_SECONDS * 2 ** (tried - 1), RETRY.MAX_DELAY_SECONDS);
        await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
      }
    }
  }
}

function sentHeaders(set: Record<string, string> | null): Record<string, string> {
  const { jwt_key: key, ...headers } = set ?? {};
  if (key === undefined) return headers;
  const iat = Math.floor(Date.now() / 1000);
  const token = jwt.sign({ iat, exp: iat + 600, app: 'evolution', action: 'webhook' }, key, { algorithm: 'HS256' });
  return { ...headers, Authorization: `Bearer ${token}` };
}
