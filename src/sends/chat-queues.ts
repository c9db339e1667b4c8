import { GuardError } from '../core/errors';

/** A place in the queue of a chat. */
export interface Place {
  /** Resolves when everybody before has left. */
  readonly turn: Promise<void>;
  /** Whether the turn has come. */
  readonly isFirst: boolean;
  /** Lets the next one in, or gives up waiting. Any number of times. */
  leave(): void;
}

export interface QueueLimits {
  total: number;
  perChat: number;
}

interface Waiting {
  come: () => void;
}

interface ChatQueue {
  first: Waiting | undefined;
  /** Those of high priority overtake the others; each lane keeps its order. */
  high: Waiting[];
  normal: Waiting[];
}

/** One queue for each chat, in this process. A chat without work takes no memory. */
export class ChatQueues {
  private readonly chats = new Map<string, ChatQueue>();
  private places = 0;

  constructor(
    private readonly limits: QueueLimits,
    /** Called when a chat has no work left. */
    private readonly emptied: (key: string) => void,
    /** Told how many places are taken whenever that changes. */
    private readonly resized: (places: number) => void = () => undefined,
  ) {}

  /** Places that are taken, those whose turn it is included. */
  get size(): number {
    return this.places;
  }

  depth(key: string): number {
    const queue = this.chats.get(key);
    return queue ? queue.high.length + queue.normal.length + 1 : 0;
  }

  /**
   * @param isHigh before everyone of normal priority who waits still.
   * @param isOwed whether it was accepted long ago, so that no limit may turn it away.
   * @throws GuardError GUARD_SENDS_FULL
   */
  enter(key: string, { isHigh = false, isOwed = false } = {}): Place {
    const depth = this.depth(key);
    if (!isOwed && (this.places >= this.limits.total || depth >= this.limits.perChat)) {
      const which = depth >= this.limits.perChat ? `${depth} for this chat` : `${this.places} in this process`;
      throw new GuardError('GUARD_SENDS_FULL', `There are ${which}.`);
    }
    let come: () => void = () => undefined;
    const turn = new Promise<void>((resolve) => (come = resolve));
    const waiting: Waiting = { come };
    const queue = this.chats.get(key) ?? this.open(key);
    this.resize(1);
    if (queue.first) queue[isHigh ? 'high' : 'normal'].push(waiting);
    else this.call(queue, waiting);
    return {
      turn,
      get isFirst() {
        return queue.first === waiting;
      },
      leave: () => this.leave(key, queue, waiting),
    };
  }

  private resize(by: number): void {
    this.places += by;
    this.resized(this.places);
  }

  private open(key: string): ChatQueue {
    const queue: ChatQueue = { first: undefined, high: [], normal: [] };
    this.chats.set(key, queue);
    return queue;
  }

  private call(queue: ChatQueue, waiting: Waiting): void {
    queue.first = waiting;
    waiting.come();
  }

  private leave(key: string, queue: ChatQueue, waiting: Waiting): void {
    if (queue.first !== waiting) {
      const lane = [queue.high, queue.normal].find((each) => each.includes(waiting));
      if (!lane) return;
      lane.splice(lane.indexOf(waiting), 1);
      this.resize(-1);
      return;
    }
    this.resize(-1);
    queue.first = undefined;
    const next = queue.high.shift() ?? queue.normal.shift();
    if (next) return this.call(queue, next);
    this.chats.delete(key);
    this.emptied(key);
  }
}
