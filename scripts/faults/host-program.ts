import { writeSync } from 'node:fs';
import { attach } from '../../src';
import { numberedEvent } from './numbered-event';
import { openHostSettings } from './host-settings';

/*
 * A host with the plugin attached, which emits numbered events as it is told. A process of its own, so that it can be
 * killed; what is known of it afterwards is its journal.
 */

export interface Assignment {
  instance: string;
  /** See numbered-event.ts. */
  stream: string;
  chats: number;
  sink: 'rabbitmq' | 'webhook';
}

/** Numbers from `first` up to, not including, `end` are emitted at that rate. A later order takes the place of this one. */
export interface Order {
  first: number;
  end: number;
  perSecond: number;
}

/** A pipe: what was written into it can be read whatever becomes of this process. */
const JOURNAL = 3;
const TICK_MS = 5;
/** Below GUARD_CAPTURE_BUFFER_EVENTS, so that none is refused: a refusal would count as a loss here. */
const MOST_OUTSTANDING = 5_000;

/** One letter and a number: e for emitted, a for acknowledged. Written at once, before anything else can happen. */
const note = (step: 'a' | 'e', number: number) => writeSync(JOURNAL, `${step}${number}\n`);

async function run({ instance, stream, chats, sink }: Assignment): Promise<void> {
  const settings = openHostSettings(process.env['DATABASE_CONNECTION_URI'] ?? '');
  const controller = {
    emit: (_event: unknown): Promise<void> => Promise.reject(new Error('the plugin is not attached')),
    get: async (_instance: string) => (await settings.read())[sink],
    set: (_instance: string, _data: unknown) => Promise.resolve(),
    init: () => undefined,
    prisma: { webhook: { findFirst: async () => (await settings.read()).webhook } },
  };
  const config: Record<string, object> = {
    RABBITMQ: { ENABLED: sink === 'rabbitmq', EXCHANGE_NAME: 'evolution' },
    WEBHOOK: { GLOBAL: { URL: '', ENABLED: false } },
  };
  const app = Object.assign(() => undefined, { use: () => undefined });
  const eventManager = { [sink]: controller };
  await attach({ app, configService: { get: (key: string) => config[key] }, host: { eventManager } });

  let order: Order = { first: 0, end: 0, perSecond: 1 };
  let next = 0;
  let outstanding = 0;
  let since = performance.now();
  const emit = (number: number) => {
    note('e', number);
    outstanding += 1;
    void controller.emit(numberedEvent({ stream, number, at: Date.now() }, instance, chats)).then(() => {
      note('a', number);
      outstanding -= 1;
    });
  };
  const tick = () => {
    const due = order.first + Math.floor(((performance.now() - since) / 1000) * order.perSecond);
    const end = Math.min(order.end, due);
    while (next < end && outstanding < MOST_OUTSTANDING) emit(next++);
  };
  setInterval(tick, TICK_MS);
  process.on('message', (message: Order) => {
    order = { ...message, first: Math.max(message.first, next) };
    next = order.first;
    since = performance.now();
  });
  process.send?.('ready');
}

// The driver itself is gone.
process.once('disconnect', () => process.exit(1));
void run(JSON.parse(process.argv[2] ?? '') as Assignment);
