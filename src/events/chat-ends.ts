import type { PendingRow } from '../stores/outbox-store';

interface End {
  instance: string;
  chat: string;
  chatSequence: number;
}

/** Chats whose end is remembered. One that is not is read from the database once more, so any number is right. */
const MOST_REMEMBERED = 20_000;

/**
 * The last event of each chat up to which nothing is unknown: all before it are held, delivered or dead. One that comes
 * next by its number may be taken without a look through the outbox, whatever other processes have written.
 */
export class ChatEnds {
  private readonly ends = new Map<number, End>();

  isNext({ chatKey, instance, chat, chatSequence }: PendingRow): boolean {
    const end = this.ends.get(chatKey);
    if (!end) return chatSequence === 1;
    // Two chats may share a key.
    return end.instance === instance && end.chat === chat && end.chatSequence === chatSequence - 1;
  }

  /** The row is held now. A replayed one comes later than its number says, and is not the end of its chat. */
  advance({ chatKey, instance, chat, chatSequence }: PendingRow): void {
    const end = this.ends.get(chatKey);
    if (end?.instance === instance && end.chat === chat) {
      end.chatSequence = Math.max(end.chatSequence, chatSequence);
      return;
    }
    this.ends.set(chatKey, { instance, chat, chatSequence });
    const [oldest] = this.ends.keys();
    if (this.ends.size > MOST_REMEMBERED && oldest !== undefined) this.ends.delete(oldest);
  }

  forget(chatKey: number): void {
    this.ends.delete(chatKey);
  }

  clear(): void {
    this.ends.clear();
  }
}
