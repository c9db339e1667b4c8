import { chatKey } from './send-request';
import { currentSurroundings, inSurroundings, type Surroundings, type Turn } from './turn';

export interface BotTurnsOptions {
  chatOf: (instance: string, number: unknown) => string | undefined;
  openTurn: (instance: string, chat: string) => Turn;
}

/**
 * Keeps together what a bot answers to one message. While it thinks, others may send; from its first message to its last
 * nobody else does.
 */
export class BotTurns {
  /** Runs that are under way, by chat. As many as the host has bots at work. */
  private readonly runs = new Map<string, Set<Promise<unknown>>>();

  constructor(private readonly options: BotTurnsOptions) {}

  /** @returns what the bot's own run returns. */
  async run<T>(instance: string, number: unknown, work: () => Promise<T>): Promise<T> {
    const chat = this.options.chatOf(instance, number);
    if (chat === undefined) return work();
    const key = chatKey(instance, chat);
    const open = () => this.options.openTurn(instance, chat);
    const together: NonNullable<Surroundings['together']> = { key, open, isOver: false };
    const running = inSurroundings({ ...currentSurroundings(), caller: 'bot', isHigh: false, together }, work);
    const runs = this.runs.get(key) ?? new Set();
    this.runs.set(key, runs.add(running));
    try {
      return await running;
    } finally {
      runs.delete(running);
      if (runs.size === 0) this.runs.delete(key);
      together.isOver = true;
      await together.turn?.end();
    }
  }

  /** Resolves when the bots that are at work in this chat now have ended. */
  async settled(instance: string, chat: string): Promise<void> {
    await Promise.allSettled([...(this.runs.get(chatKey(instance, chat)) ?? [])]);
  }
}
