import { systemClock } from '../../src/core/clock';
import { createWebhookSink, WEBHOOK, WEBHOOK_GLOBAL } from '../../src/events/sinks/webhook';
import { createWebhookClient } from '../../src/events/sinks/webhook-client';
import { signingKey } from '../../src/events/sinks/webhook-signature';
import { webhookConfig } from '../../src/host/shapes';
import { globalAddresses, instanceAddresses } from '../../src/host/webhook-address';
import { createWebhookOutlet } from '../../src/host/webhook-routing';
import { WebhookSettings } from '../../src/host/webhook-settings';
import { createMetrics } from '../../src/metrics/metrics';
import { sendMessage, startEventsRig, type EventsRig, type EventsRigOptions } from './event-rig';
import { recordingLog } from './recording-log';

/** A row of the host's table, as far as it matters. */
export interface WebhookRow {
  url: string;
  enabled?: boolean;
  events?: string[];
  headers?: unknown;
  webhookByEvents?: boolean;
}

export interface WebhookRigOptions extends EventsRigOptions {
  /** What the host's table holds for each instance: change it at will. */
  table: Map<string, WebhookRow>;
  global?: { URL: string; ENABLED: boolean; WEBHOOK_BY_EVENTS?: boolean };
  timeoutMs?: number;
  perReceiver?: number;
  secrets?: string[];
  refusals?: number[];
}

export interface WebhookRig extends EventsRig {
  capture(event: unknown): Promise<void>;
  /** Emits event `number` of a chat, as the host's channels do. */
  emit(number: number, chat: string, instance?: string): Promise<void>;
  /** An instance's webhook is set through the host, not in its table alone. */
  set(instance: string, row: WebhookRow): void;
}

/** Durable webhooks, wired as in compose.ts, without a host around them. */
export async function startWebhookRig(options: WebhookRigOptions): Promise<WebhookRig> {
  const { table, timeoutMs = 1_000, perReceiver = 10, secrets = [], refusals = [] } = options;
  const log = recordingLog();
  const client = createWebhookClient(timeoutMs);
  const rowOf = (instance: string) => {
    const row = table.get(instance);
    return Promise.resolve(row ? { enabled: true, events: ['SEND_MESSAGE'], ...row } : null);
  };
  const config = webhookConfig.parse({
    ...(options.global && { GLOBAL: options.global }),
    EVENTS: { SEND_MESSAGE: true },
  });
  const settings: WebhookSettings = new WebhookSettings(rowOf, systemClock, (name) => rig.events.moved(name));
  const common = {
    client,
    keys: secrets.map(signingKey),
    refusals: new Set(refusals),
    perReceiver,
    clock: systemClock,
  };
  const sinks = [
    createWebhookSink({ ...common, name: WEBHOOK, addresses: instanceAddresses(settings, systemClock) }),
    createWebhookSink({ ...common, name: WEBHOOK_GLOBAL, addresses: globalAddresses(config) }),
  ];
  const outlet = createWebhookOutlet({ get: rowOf }, config, settings);
  const rig: EventsRig = await startEventsRig(options, sinks, log, createMetrics());
  const capture = (event: unknown) => rig.events.capture(outlet, event);
  return {
    ...rig,
    capture,
    emit: (number, chat, instance = 'shop') => capture(sendMessage(number, chat, instance)),
    set(instance, row) {
      table.set(instance, row);
      settings.changed(instance);
      rig.events.changed(outlet, instance);
    },
    async stop() {
      await rig.stop();
      client.close();
    },
  };
}
