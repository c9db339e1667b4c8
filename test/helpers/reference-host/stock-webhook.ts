import type { EmitData, Instances } from './shapes';

/** Webhooks in their simplest stock form: one instance URL, one attempt. */
export class StockWebhook {
  constructor(private readonly monitor: Instances) {}

  async emit(eventData: EmitData): Promise<void> {
    const { instanceName, event, data, dateTime } = eventData;
    const webhook = this.monitor.waInstances[instanceName]?.settings.webhook;
    const key = event.replace(/[.-]/g, '_').toUpperCase();
    if (!webhook?.url || !webhook.events.includes(key)) return;
    const body = JSON.stringify({ event, instance: instanceName, data, date_time: dateTime });
    const headers = { 'content-type': 'application/json' };
    await fetch(webhook.url, { method: 'POST', headers, body }).catch(() => undefined); // stock logs it and goes on
  }
}
