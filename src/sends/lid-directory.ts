import { canonicalChat } from './canonical-chat';

/** So many pairs are remembered; beyond, those that were not used for longest are forgotten. */
const MOST_PAIRS = 20_000;

export interface LidDirectoryOptions {
  /** Asks the channel for the number behind a LID; it may not know. */
  lookUp: (instance: string, lid: string) => Promise<string | undefined>;
  /** Whether sends of that chat wait or are being made under the name that it had so far. */
  isBusy: (instance: string, chat: string) => boolean;
}

/**
 * Which number is behind a LID, WhatsApp's name for a person that hides it: messages to either of them are one chat. What
 * is not known yet is asked for in the background; until then the LID is a chat of its own.
 */
export class LidDirectory {
  private readonly numbers = new Map<string, string>();
  private readonly asked = new Set<string>();

  constructor(private readonly options: LidDirectoryOptions) {}

  /** Both as JIDs in any spelling; what is no such pair is not learned. */
  learn(instance: string, lid: unknown, number: unknown): void {
    const [from, to] = [canonicalChat(lid), canonicalChat(number)];
    if (!from?.endsWith('@lid') || !to?.endsWith('@s.whatsapp.net')) return;
    const pair = `${instance}\0${from}`;
    this.numbers.delete(pair);
    this.numbers.set(pair, to);
    const [oldest] = this.numbers.keys();
    if (this.numbers.size > MOST_PAIRS && oldest !== undefined) this.numbers.delete(oldest);
  }

  /** The chat that a number, as a caller wrote it, is in. Never changes while its sends wait. */
  chatOf(instance: string, given: unknown): string | undefined {
    const chat = canonicalChat(given);
    if (!chat?.endsWith('@lid')) return chat;
    const number = this.numbers.get(`${instance}\0${chat}`);
    if (number === undefined) this.ask(instance, chat);
    return number === undefined || this.options.isBusy(instance, chat) ? chat : number;
  }

  private ask(instance: string, lid: string): void {
    const pair = `${instance}\0${lid}`;
    if (this.asked.has(pair) || this.asked.size >= MOST_PAIRS) return;
    this.asked.add(pair);
    void this.options
      .lookUp(instance, lid)
      .then((number) => this.learn(instance, lid, number))
      .catch(() => undefined) // the channel is being closed; it is asked again with the next send
      .finally(() => this.asked.delete(pair));
  }
}
