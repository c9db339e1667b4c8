import type { NewSend } from '../stores/send-store';
import type { Lease } from './chat-leases';
import type { Journal } from './journal';
import { isRepeatable } from './judge';

export interface HeadStartOptions {
  journal: Pick<Journal, 'accept' | 'begin'>;
  /** The lease that this process has of a chat by now. */
  heldOf: (key: string) => Lease | undefined;
}

interface Chat {
  /** Sends that were begun ahead, or are being so. */
  readonly begun: Map<string, Promise<Lease | undefined>>;
  /** Sends that wait, in the journal, for room among those. */
  waiting: NewSend[];
}

/** Of a chat. So many it is shown as sending; more would not make it faster. */
const MOST_AHEAD = 8;

/**
 * Begins sends in the journal while those before them are under way: then no trip to the database lies between the end of
 * one and the next. Only what may be repeated: of another, a crash would leave the question whether it went out.
 */
export class HeadStart {
  private readonly chats = new Map<string, Chat>();

  constructor(private readonly options: HeadStartOptions) {}

  /** Writes a send that has to wait for its turn. Resolves when it is durable. @throws errors of the database as they come. */
  async accept(key: string, send: NewSend): Promise<void> {
    const { journal, heldOf } = this.options;
    if (!isRepeatable(send)) return journal.accept(send);
    const chat = this.open(key);
    const lease = chat.begun.size < MOST_AHEAD && chat.waiting.length === 0 ? heldOf(key) : undefined;
    if (lease && (await this.begin(chat, send, lease, true))) return;
    await journal.accept(send);
    chat.waiting.push(send);
    this.advance(key, chat);
  }

  /** Its turn has come. @returns the lease under which it was begun ahead. */
  async take(key: string, sendId: string): Promise<Lease | undefined> {
    const chat = this.chats.get(key);
    if (!chat) return undefined;
    const begun = chat.begun.get(sendId);
    chat.begun.delete(sendId);
    chat.waiting = chat.waiting.filter((send) => send.sendId !== sendId);
    this.advance(key, chat);
    return begun;
  }

  /** Whether something of a chat was begun ahead and has not had its turn. */
  has(key: string): boolean {
    return (this.chats.get(key)?.begun.size ?? 0) > 0;
  }

  /** The chat has no work left. */
  forget(key: string): void {
    this.chats.delete(key);
  }

  private open(key: string): Chat {
    const chat = this.chats.get(key) ?? { begun: new Map(), waiting: [] };
    this.chats.set(key, chat);
    return chat;
  }

  private advance(key: string, chat: Chat): void {
    const lease = this.options.heldOf(key);
    if (!lease) return;
    for (const send of chat.waiting.splice(0, MOST_AHEAD - chat.begun.size)) {
      void this.begin(chat, send, lease, false);
    }
  }

  /** Never rejects: when its turn comes it begins like every other. */
  private begin(chat: Chat, send: NewSend, lease: Lease, isFresh: boolean): Promise<Lease | undefined> {
    const { sendId, instance, chat: jid } = send;
    const beginning = { sendId, instance, chat: jid, place: 'ahead', ...(isFresh && { fresh: send }) } as const;
    const begun = this.options.journal.begin(beginning).then(
      ({ outcome }) => {
        if (outcome === 'begun') return lease;
        chat.begun.delete(sendId);
        return undefined;
      },
      () => undefined,
    );
    chat.begun.set(sendId, begun);
    return begun;
  }
}
