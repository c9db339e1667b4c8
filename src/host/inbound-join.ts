import type { InboundWork } from '../cache/inbound-work';
import { Sighting, type Inbound } from '../cache/sighting';
import type { Log } from '../core/log';
import { instanceOf } from './acknowledgements';
import { hasMethod, missing } from './shape-checks';
import type { ChannelController } from './shapes';
import { countOnce, joinUnreadCounts } from './unread-counts';

type Method = (this: unknown, ...args: unknown[]) => unknown;

/** What is relied on of Baileys' channel. */
interface Channel {
  instance: { id?: unknown };
  logger: { error: Method };
  messageHandle: Record<'messages.upsert' | 'messages.update', Method>;
  /** 2.3.1 and later. Holds the handler that it was given when the channel was made. */
  messageProcessor?: Processor;
}

interface Processor {
  mount: (props: { onMessageReceive: Method }) => void;
  /** What `mount` has begun; 2.3.6 leaves the former one running. */
  subscription: { unsubscribe(): void };
}

interface Key {
  id?: unknown;
  remoteJid?: unknown;
}

/**
 * Has Baileys' channel handle one inbound message at a time, so that one that fails takes no other with it, and tells the
 * work what it is at. Of the other channels none remembers what it has seen.
 */
export function joinInbound(channels: ChannelController, work: InboundWork, log: Log): void {
  const joined = new WeakSet<object>();
  const make = channels.init.bind(channels);
  channels.init = (instanceData, parts) => {
    const channel = make(instanceData, parts);
    const { integration } = (instanceData ?? {}) as { integration?: unknown };
    if (integration !== 'WHATSAPP-BAILEYS' || typeof channel !== 'object' || channel === null) return channel;
    const prototype = Object.getPrototypeOf(channel) as Record<string, unknown>;
    const lacks = lacking(channel, prototype);
    if (lacks.length > 0) {
      log.error(
        { missing: lacks },
        'the channel of Baileys is not as expected: a message that fails is not let through',
      );
      return channel;
    }
    if (!joined.has(prototype)) {
      joined.add(prototype);
      watchEvents(prototype);
      joinUnreadCounts(prototype);
    }
    watchErrors(channel as Channel);
    joinHandlers(channel as Channel, work);
    return channel;
  };
}

function lacking(channel: object, prototype: object): string[] {
  const { messageHandle, messageProcessor, logger } = channel as Partial<Channel>;
  return missing({
    'messageHandle["messages.upsert"]': hasMethod(messageHandle, 'messages.upsert'),
    'messageHandle["messages.update"]': hasMethod(messageHandle, 'messages.update'),
    'messageProcessor.mount': !messageProcessor || hasMethod(messageProcessor, 'mount'),
    'messageProcessor.subscription': !messageProcessor || hasMethod(messageProcessor.subscription, 'unsubscribe'),
    'logger.error': hasMethod(logger, 'error'),
    sendDataWebhook: hasMethod(prototype, 'sendDataWebhook'),
  });
}

/** On the class, so that other wrappers of it are met whatever their order. The host leaves a rejection unhandled: so it stays. */
function watchEvents(prototype: Record<string, unknown>): void {
  const stock = prototype.sendDataWebhook as (this: object, ...args: unknown[]) => Promise<unknown>;
  prototype.sendDataWebhook = async function (this: object, event: unknown, data: unknown, ...rest: unknown[]) {
    const sending = stock.call(this, event, data, ...rest);
    const sighting = current(this);
    if (sighting?.inbound.events.includes(String(event))) sighting.handedOn.push(sending);
    return await sending;
  };
}

function watchErrors(channel: Channel): void {
  const { logger } = channel;
  const stock = logger.error;
  logger.error = (...args) => {
    const sighting = current(channel);
    if (sighting) sighting.hasError = true;
    return stock.apply(logger, args);
  };
}

function current(channel: object): Sighting | undefined {
  const sighting = Sighting.current();
  return sighting?.inbound.channel === channel ? sighting : undefined;
}

function joinHandlers(channel: Channel, work: InboundWork): void {
  const { messageHandle, messageProcessor } = channel;
  const { 'messages.upsert': upsert, 'messages.update': update } = messageHandle;
  messageHandle['messages.upsert'] = (batch, ...rest) =>
    each((batch as { messages: unknown[] }).messages, (message) =>
      work.handle(messageIn(channel, message), () => upsert({ ...(batch as object), messages: [message] }, ...rest)),
    );
  messageHandle['messages.update'] = (updates, ...rest) =>
    countOnce(channel, () =>
      each(updates as unknown[], (one) => work.handle(updateIn(channel, one), () => update([one], ...rest))),
    );
  if (!messageProcessor) return;
  messageProcessor.subscription.unsubscribe();
  messageProcessor.mount({ onMessageReceive: (...args) => messageHandle['messages.upsert'](...args) });
}

/** In order; one that fails leaves out no other. @throws what the first that failed has thrown. */
async function each(all: readonly unknown[], handle: (one: unknown) => Promise<void>): Promise<void> {
  const errors: unknown[] = [];
  for (const one of all) await handle(one).catch((error: unknown) => errors.push(error));
  if (errors.length > 0) throw errors[0];
}

/** What could not be decrypted comes in without content, and once more under the same id when its sender has repeated it. */
function messageIn(channel: Channel, given: unknown): Inbound {
  const { key, message } = (given ?? {}) as { key?: Key | null; message?: unknown };
  return { ...inboundOf(channel, key), events: ['messages.upsert'], needsEvent: !message };
}

/** An update of a message that the host has not stored yet is left out; those of a status always are. */
function updateIn(channel: Channel, given: unknown): Inbound {
  const { key, update } = (given ?? {}) as { key?: Key | null; update?: { status?: unknown } | null };
  const inbound = inboundOf(channel, key);
  return {
    ...inbound,
    key: `${inbound.key}_${String(update?.status)}`,
    events: ['messages.update', 'messages.delete'],
    needsEvent: key?.remoteJid !== 'status@broadcast',
  };
}

/** The key as the host makes it; the instance gets its id after the channel is made. */
function inboundOf(channel: Channel, key: Key | null | undefined) {
  const messageId = String(key?.id);
  return { channel, instance: instanceOf(channel), messageId, key: `${String(channel.instance.id)}_${messageId}` };
}
