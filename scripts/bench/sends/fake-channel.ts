import { setTimeout as sleep } from 'node:timers/promises';
import { seeded } from './seeded';

export interface Message {
  chat: string;
  /** Within its chat, in the order in which they are asked for. */
  number: number;
}

/** Between these, in milliseconds, a message is answered. */
export type AnswerMs = readonly [least: number, most: number];

const SEED = 20_260_101;

/**
 * Stands for the host's own send and WhatsApp behind it: half of its time the message is on its way (look-ups, typing, the
 * network), then it arrives, and the other half the answer is on its way back. With no time at all both happen at once.
 */
export class FakeChannel {
  /** In the order in which they came; only those of which the order is looked at. */
  readonly arrivals: Message[] = [];
  private readonly random = seeded(SEED);

  /** @param entered told of each message the moment it is handed over. */
  constructor(
    private readonly answerMs: AnswerMs,
    private readonly options: { entered?: (message: Message) => void; keeps?: boolean } = {},
  ) {}

  /** Resolves when the answer is there. */
  readonly take = async (message: Message): Promise<void> => {
    const { entered, keeps } = this.options;
    entered?.(message);
    const [least, most] = this.answerMs;
    if (most === 0) {
      if (keeps) this.arrivals.push(message);
      return;
    }
    const ms = least + this.random() * (most - least);
    await sleep(ms / 2);
    if (keeps) this.arrivals.push(message);
    await sleep(ms / 2);
  };
}

/** Pairs of one chat that came in the wrong order; 50 sends make 1,225 pairs. */
export function invertedPairs(arrivals: readonly Message[]): number {
  const chats = new Map<string, number[]>();
  for (const { chat, number } of arrivals) {
    const numbers = chats.get(chat) ?? [];
    numbers.push(number);
    chats.set(chat, numbers);
  }
  let pairs = 0;
  for (const numbers of chats.values()) {
    for (const [place, number] of numbers.entries()) {
      for (let later = place + 1; later < numbers.length; later += 1) if ((numbers[later] ?? 0) < number) pairs += 1;
    }
  }
  return pairs;
}
