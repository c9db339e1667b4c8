import { seeded } from '../sends/seeded';
import type { Caches, Service } from './service';
import type { Values } from './task';

const INSTANCES = 50;
/** Of each instance; every fourth one is a group. */
const CHATS = 20;
const GROUP_EVERY = 4;
/** Messages until one begins a conversation. */
const NEW_EVERY = 50;
const MARK_SECONDS = 1_800;
const LOCK_SECONDS = 30;

/** One chat of an instance, and the keys of the caches that have to do with it. */
interface Chat {
  jid: string;
  isGroup: boolean;
  instance: string;
  /** The hash with the keys of Signal. */
  session: string;
  provider: string;
  inbox: string;
  conversation: string;
  lock: string;
}

/**
 * What the host (2.3.7) asks of its caches for a message that comes in and is answered, with Chatwoot on and the keys of
 * Signal in Redis. Marks and numbers are as small as the host's; sessions, settings and groups are as large as `value`.
 */
export class Traffic {
  private readonly chats = Array.from({ length: INSTANCES * CHATS }, (_, number) => chatOf(number));
  private readonly value: unknown;
  private readonly random = seeded(1);
  private number = 0;

  constructor(
    private readonly caches: Caches,
    size: number,
    values: Values,
  ) {
    this.value = values === 'texts' ? 'x'.repeat(size) : groupOf(size);
  }

  async fill(): Promise<void> {
    const { caches, value } = this;
    for (const [number, chat] of this.chats.entries()) {
      caches.instance.set(chat.instance, true);
      caches.chatwoot.set(chat.provider, value);
      caches.chatwoot.set(chat.inbox, value);
      caches.chatwoot.set(chat.conversation, number);
      if (chat.isGroup) caches.groups.set(chat.jid, value);
      await caches.instance.hSet(chat.session, chat.jid, value);
    }
  }

  /** @returns how many calls it made. */
  async message(): Promise<number> {
    const { instance, baileys, groups, chatwoot } = this.caches;
    const number = this.number++;
    const chat = this.chats[Math.floor(this.random() * this.chats.length)] as Chat;
    let calls = 13;

    await instance.hGet(chat.session, chat.jid);
    await instance.hSet(chat.session, chat.jid, this.value);
    if (await chatwoot.has(chat.provider)) await chatwoot.get(chat.provider);
    if (number % NEW_EVERY === 0) calls += await converse(chatwoot, chat, number);
    if (await chatwoot.has(chat.conversation)) await chatwoot.get(chat.conversation);
    if (await chatwoot.has(chat.inbox)) await chatwoot.get(chat.inbox);
    const mark = `${chat.jid}_${number}_false`;
    if (!(await baileys.get(mark))) baileys.set(mark, true, MARK_SECONDS);

    await instance.has(chat.instance);
    if (chat.isGroup && (await groups.has(chat.jid))) {
      await groups.get(chat.jid);
      calls += 2;
    }
    const update = `${chat.instance}_${number}_3`;
    if (!(await baileys.get(update))) baileys.set(update, number, MARK_SECONDS);
    return calls;
  }

  /** Resolves when everything has been answered that nobody waited for: replies come in the order of commands. */
  async settled(): Promise<void> {
    await this.caches.instance.has('any');
  }
}

/** Chatwoot has no conversation with the chat yet. @returns how many calls that takes. */
async function converse(chatwoot: Service, { lock, conversation }: Chat, number: number): Promise<number> {
  await chatwoot.has(lock);
  chatwoot.set(lock, true, LOCK_SECONDS);
  chatwoot.set(conversation, number);
  await chatwoot.delete(lock);
  return 4;
}

function chatOf(number: number): Chat {
  const instance = `instance-${Math.floor(number / CHATS)}`;
  const isGroup = number % GROUP_EVERY === 0;
  const jid = isGroup ? `1203630${1e11 + number}@g.us` : `5511${1e8 + number}@s.whatsapp.net`;
  return {
    jid,
    isGroup,
    instance,
    session: `session-of-${instance}`,
    provider: `${instance}:getProvider`,
    inbox: `${instance}:getInbox`,
    conversation: `${instance}:createConversation-${jid}`,
    lock: `${instance}:lock:createConversation-${jid}`,
  };
}

/** A group with as many members as fit. */
function groupOf(size: number): object {
  const participants: object[] = [];
  for (let length = 0; length < size; length += 60)
    participants.push({ id: `5511${1e8 + length}@s.whatsapp.net`, admin: null });
  return { participants };
}
