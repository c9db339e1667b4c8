import { AsyncLocalStorage } from 'node:async_hooks';
import type { AdoptedSend } from '../stores/send-store';
import type { Place } from './chat-queues';

/** The right of one piece of work to send to a chat: a request, a bot's answer, a sequence, or a single send. */
export class Turn {
  private tail: Promise<unknown> = Promise.resolve();
  private waiting = 0;
  private isOver = false;

  /**
   * @param sendId set where the chat goes to the next one after the first send: the id of that send. Ids are made in the
   * order of turns, and tell a later process that order.
   */
  constructor(
    readonly key: string,
    private readonly place: Place,
    readonly sendId?: string,
  ) {}

  /** Whether a send could use it. */
  get isOpen(): boolean {
    return !this.isOver;
  }

  /** Whether a send would not have to wait for anybody. */
  get isFree(): boolean {
    return this.place.isFirst && this.waiting === 0;
  }

  /** Runs work in the chat's turn, behind what this turn has begun before. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.sendId !== undefined) this.isOver = true;
    this.waiting += 1;
    const mine = this.tail.then(() => this.place.turn).then(work);
    this.tail = mine.catch(() => undefined); // whoever called run hears of it
    try {
      return await mine;
    } finally {
      this.waiting -= 1;
      if (this.sendId !== undefined) this.place.leave();
    }
  }

  /** Lets the next one have the chat as soon as what has been begun is done. */
  async end(): Promise<void> {
    if (this.sendId !== undefined && this.isOver) return;
    this.isOver = true;
    while (this.waiting > 0) await this.tail;
    this.place.leave();
  }
}

/** What is known of the work that a send belongs to. */
export interface Surroundings {
  /** http, bot, sequence, resumed. */
  caller: string;
  isHigh: boolean;
  turn?: Turn;
  /** Set while a bot is at work: its sends to that chat share a turn, which the first of them opens. */
  together?: { key: string; open: () => Turn; turn?: Turn; isOver: boolean };
  /** The send that is being made by the running code: what it sends itself does not wait for its own end. */
  within?: { key: string; isUnderWay: boolean };
  /** The idempotency key, as IdempotencyStore knows it. */
  requestId?: string;
  /** Gives the id that the first send is to have, where it was written down before. */
  sendId?: () => string | undefined;
  /** The send that is being made again. */
  resumed?: AdoptedSend | undefined;
  /** Told the id of each send. */
  accepted?: (sendId: string) => void;
}

const surroundings = new AsyncLocalStorage<Surroundings>();

export const currentSurroundings = (): Surroundings | undefined => surroundings.getStore();

export const inSurroundings = <T>(these: Surroundings, work: () => T): T => surroundings.run(these, work);
