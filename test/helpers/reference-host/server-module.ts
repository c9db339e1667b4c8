import { cacheEngine } from '../../../src';
import { ChannelController } from './channels';
import { settings } from './config';
import { Monitor } from './monitor';
import type { EmitData } from './shapes';
import { StockRabbitmq } from './stock-rabbitmq';
import { StockWebhook } from './stock-webhook';

/** Asks one sink after the other, as the host's event manager. */
export class EventManager {
  readonly rabbitmq: StockRabbitmq;
  readonly webhook: StockWebhook;

  constructor(monitor: Monitor) {
    this.rabbitmq = new StockRabbitmq(settings.rabbitmq, monitor);
    this.webhook = new StockWebhook(settings.webhook, monitor);
  }

  init(): void {
    this.rabbitmq.init();
  }

  async emit(eventData: EmitData): Promise<void> {
    await this.rabbitmq.emit(eventData);
    await this.webhook.emit(eventData);
  }
}

/** A cache that keeps nothing, with the methods of the host's. */
function emptyCache() {
  const nothing = () => Promise.resolve(null);
  const methods = ['get', 'hGet', 'set', 'hSet', 'has', 'keys', 'delete', 'hDelete', 'deleteAll'];
  return Object.fromEntries(methods.map((method) => [method, nothing]));
}

export const cache = cacheEngine(emptyCache(), 'instance');
export const baileysCache = cacheEngine(emptyCache(), 'baileys');
export const waMonitor = new Monitor(settings.instancesFile);
export const eventManager = new EventManager(waMonitor);
export const channelController = new ChannelController(eventManager);
