import { randomBytes } from 'node:crypto';
import { currentAttempt } from '../sends/attempt';
import { instanceOf, readBaileysUpdates } from './acknowledgements';
import { hearServerAcks } from './baileys-socket';
import type { SendsJoin } from './send-call';

type Method = (this: object, ...args: unknown[]) => Promise<unknown>;

/** Place of `messageId` among the parameters of the channel's private sendMessage, and how many those are. */
const [MESSAGE_ID, PARAMETERS] = [5, 8];
const joined = new WeakSet<object>();
/** Classes whose sends take the id that they are given. */
const reserving = new WeakSet<object>();

/** An id such as Baileys makes itself (generateMessageIDV2): by its form receivers tell what kind of client sent it. */
export const newMessageId = () => `3EB0${randomBytes(9).toString('hex').toUpperCase()}`;

/**
 * Stands where the Baileys channel hands a message to its socket, after typing delays and look-ups: gives it the id that
 * was reserved for it, and holds it back if its chat is somebody else's by now.
 */
export function joinBaileysDoor(prototype: Record<string, unknown>, channel: object, join: SendsJoin): void {
  const { log } = join;
  listen(channel, join);
  if (joined.has(prototype)) return;
  joined.add(prototype);
  const stock = prototype['sendMessage'] as Method | undefined;
  if (typeof stock !== 'function' || stock.length !== PARAMETERS) {
    log.error(
      { found: stock?.length },
      "the Baileys channel's sendMessage has another signature: ids are not reserved",
    );
    return;
  }
  reserving.add(prototype);
  prototype['sendMessage'] = async function (this: object, ...args: unknown[]) {
    const attempt = currentAttempt();
    if (!attempt) return stock.apply(this, args);
    hearServerAcks(this, join.acknowledge);
    attempt.leave();
    if (attempt.messageId !== undefined && !args[MESSAGE_ID]) args[MESSAGE_ID] = attempt.messageId;
    const sent = await stock.apply(this, args);
    const { key } = (sent ?? {}) as { key?: { id?: unknown } };
    attempt.contact = { kind: 'taken', messageId: typeof key?.id === 'string' ? key.id : undefined };
    return sent;
  };
}

/** Whether a channel's messages get the ids that are reserved for them: only then may one be sent again. */
export function reservesIds(channel: object): boolean {
  for (let at: unknown = channel; typeof at === 'object' && at !== null; at = Object.getPrototypeOf(at)) {
    if (reserving.has(at)) return true;
  }
  return false;
}

/** Hears what the socket says, before the host drops acknowledgements of messages that it has not stored. */
function listen(channel: object, { acknowledge, learnLid }: SendsJoin): void {
  hear(channel, 'messages.update', (updates) => {
    acknowledge(readBaileysUpdates(instanceOf(channel), updates, Date.now()));
  });
  hear(channel, 'messages.upsert', (upsert) => {
    const { messages } = (upsert ?? {}) as { messages?: unknown };
    for (const message of Array.isArray(messages) ? messages : []) {
      const { key } = (message ?? {}) as { key?: { remoteJid?: unknown; remoteJidAlt?: unknown } | null };
      learnLid(instanceOf(channel), key?.remoteJid, key?.remoteJidAlt);
      learnLid(instanceOf(channel), key?.remoteJidAlt, key?.remoteJid);
    }
  });
}

function hear(channel: object, event: string, listener: (payload: unknown) => void): void {
  const { messageHandle } = channel as { messageHandle?: Record<string, unknown> };
  const stock = messageHandle?.[event];
  if (!messageHandle || typeof stock !== 'function') return;
  messageHandle[event] = (...args: unknown[]) => {
    listener(args[0]);
    return (stock as Method).apply(messageHandle, args);
  };
}
