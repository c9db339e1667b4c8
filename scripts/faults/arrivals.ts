import { EventEmitter, once } from 'node:events';
import type { Numbered } from './numbered-event';

export interface Arrival extends Numbered {
  chat: string;
  /** What consumers deduplicate by. */
  id: string;
  /** The broker says that it has handed this very message out before. */
  redelivered: boolean;
}

/** Everything that came out at the far end, looked at event by event as it comes. */
export class Arrivals {
  /** All that came, copies included. */
  messages = 0;
  /** Copies behind the first. */
  duplicated = 0;
  /** Those of them that are one message handed out again, instead of a second one. */
  redelivered = 0;
  /** First copies that came behind a later event of their chat. */
  outOfOrder = 0;
  /** The longest time in which nothing new came of a chat although something of it had been emitted. */
  standstillMs = 0;
  /** Events whose copies bear different ids: nobody could deduplicate those. */
  readonly renamed: string[] = [];
  private readonly ids = new Map<string, string>();
  private readonly latest = new Map<string, { number: number; at: number }>();
  private readonly news = new EventEmitter();

  take({ stream, number, at, chat, id, redelivered }: Arrival): void {
    this.messages += 1;
    const key = `${stream} ${number}`;
    const known = this.ids.get(key);
    if (known !== undefined) {
      if (known !== id) this.renamed.push(key);
      this.duplicated += 1;
      if (redelivered) this.redelivered += 1;
      return;
    }
    this.ids.set(key, id);
    const now = Date.now();
    const latest = this.latest.get(chat) ?? { number: -1, at: 0 };
    if (number < latest.number) this.outOfOrder += 1;
    this.standstillMs = Math.max(this.standstillMs, now - Math.max(latest.at, at));
    this.latest.set(chat, { number: Math.max(latest.number, number), at: now });
    this.news.emit('arrival');
  }

  has(stream: string, number: number): boolean {
    return this.ids.has(`${stream} ${number}`);
  }

  /** Resolves when the next event comes that was not there before. */
  async next(): Promise<void> {
    await once(this.news, 'arrival');
  }
}
