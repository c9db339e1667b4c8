import * as amqp from 'amqplib/callback_api';
import type { RabbitmqSettings } from './config';
import type { EmitData, InstanceData, Instances } from './shapes';

const MOST_RECONNECTS = 10;
const FIRST_DELAY_MS = 5_000;

/**
 * RabbitMQ as EvolutionAPI 2.3 serves it, with its weaknesses, which are the point: no confirms, nothing persistent,
 * events dropped while there is no channel, everything declared again for each event and published before the answer,
 * one channel for all, ten reconnects with delays of 5 s times a power of two.
 */
export class StockRabbitmq {
  readonly status: boolean;
  private channel: amqp.Channel | undefined;
  private reconnects = 0;
  private reconnecting: NodeJS.Timeout | undefined;

  constructor(
    private readonly settings: RabbitmqSettings,
    private readonly monitor: Instances,
  ) {
    this.status = settings.ENABLED;
  }

  init(): void {
    if (this.status) this.connect();
  }

  async get(instanceName: string): Promise<unknown> {
    await new Promise(setImmediate); // the host reads its database here
    return this.monitor.waInstances[instanceName]?.settings.rabbitmq ?? null;
  }

  async set(instanceName: string, { rabbitmq }: Pick<InstanceData, 'rabbitmq'>): Promise<unknown> {
    await new Promise(setImmediate); // and writes it here
    const instance = this.monitor.waInstances[instanceName];
    if (instance && rabbitmq) instance.settings.rabbitmq = rabbitmq;
    return rabbitmq;
  }

  async emit(eventData: EmitData): Promise<void> {
    const { instanceName, event, integration, extra, data, serverUrl, dateTime, sender, apiKey } = eventData;
    if (!this.status || !this.channel || (integration && !integration.includes('rabbitmq'))) return;
    const own = (await this.get(instanceName)) as { enabled?: boolean; events?: string[] } | null;
    const key = event.replace(/[.-]/g, '_').toUpperCase();
    const rest = { data, server_url: serverUrl, date_time: dateTime, sender, apikey: apiKey };
    const body = Buffer.from(JSON.stringify({ ...extra, event, instance: instanceName, ...rest }));
    const name = event.replace(/_/g, '.').toLowerCase();
    if (own?.enabled && own.events?.includes(key))
      this.publish(instanceName, `${instanceName}.${name}`, name, event, body);
    if (!this.settings.GLOBAL_ENABLED || !this.settings.EVENTS[key]) return;
    const prefix = this.settings.PREFIX_KEY ? `${this.settings.PREFIX_KEY}.` : '';
    this.publish(this.settings.EXCHANGE_NAME, `${prefix}${name}`, event, event, body);
  }

  private publish(exchange: string, queue: string, bindingKey: string, routingKey: string, body: Buffer): void {
    try {
      this.channel?.assertExchange(exchange, 'topic', { durable: true, autoDelete: false });
      const args = { 'x-queue-type': 'quorum' };
      this.channel?.assertQueue(queue, { durable: true, autoDelete: false, arguments: args });
      this.channel?.bindQueue(queue, exchange, bindingKey);
      this.channel?.publish(exchange, routingKey, body);
    } catch {
      this.lose();
    }
  }

  private connect(): void {
    amqp.connect(this.settings.URI, (error: unknown, connection) => {
      if (error || !connection) return this.reconnectLater();
      connection.on('error', () => this.lose());
      connection.on('close', () => this.lose());
      connection.createChannel((channelError: unknown, channel) => {
        if (channelError || !channel) return this.reconnectLater();
        channel.on('error', () => this.lose());
        channel.on('close', () => this.lose());
        this.channel = channel;
        this.reconnects = 0;
      });
    });
  }

  private lose(): void {
    this.channel = undefined;
    this.reconnectLater();
  }

  private reconnectLater(): void {
    if (this.reconnecting || this.reconnects >= MOST_RECONNECTS) return;
    const delay = FIRST_DELAY_MS * 2 ** Math.min(this.reconnects, 5);
    this.reconnects += 1;
    this.reconnecting = setTimeout(() => {
      this.reconnecting = undefined;
      this.connect();
    }, delay);
  }
}
