import type { Clock } from '../core/clock';
import type { RedisCommand, RedisLink } from '../stores/redis/redis-link';

/** Values that are kept at most; the oldest makes room. */
const MOST = 10_000;

export interface LocalCopiesOptions {
  link: Pick<RedisLink, 'run' | 'scan'>;
  /** Whether every change of a key is told right now; while it is not, nothing is kept. */
  isTold: () => boolean;
  keptMs: number;
  clock: Clock;
}

interface Copy {
  text: unknown;
  /** On the monotonic clock. */
  until: number;
}

/**
 * Keeps what GET answered, until somebody changes the key or the time is over. What another process has written is seen a
 * moment later than on the primary itself: as long as Redis takes to tell. What this process writes is seen at once.
 */
export class LocalCopies implements Pick<RedisLink, 'run' | 'scan'> {
  private readonly copies = new Map<string, Copy>();
  /** Reads that are under way, which others join; one that a change overtakes is not kept. */
  private readonly reads = new Map<string, Promise<unknown>>();

  constructor(private readonly options: LocalCopiesOptions) {}

  /** @param names nothing: any key may have been changed. */
  changed(names?: readonly string[]): void {
    if (!names) {
      this.copies.clear();
      this.reads.clear();
      return;
    }
    for (const name of names) {
      this.copies.delete(name);
      this.reads.delete(name);
    }
  }

  async run(command: RedisCommand): Promise<unknown> {
    const { link } = this.options;
    const [verb, name] = command;
    if (typeof name !== 'string') return link.run(command);
    if (verb === 'GET') return this.read(name);
    if (verb === 'EXISTS') return this.copyOf(name) === undefined ? link.run(command) : 1;
    this.changed([name]);
    try {
      return await link.run(command);
    } finally {
      this.changed([name]);
    }
  }

  scan(pattern: string): AsyncIterable<string[]> {
    return this.options.link.scan(pattern);
  }

  private async read(name: string): Promise<unknown> {
    const copy = this.copyOf(name);
    if (copy) return copy.text;
    const { link, isTold, keptMs, clock } = this.options;
    const joined = this.reads.get(name);
    if (joined) return joined;
    const reading = link.run(['GET', name]);
    if (!isTold()) return reading;
    this.reads.set(name, reading);
    try {
      const text = await reading;
      const isCurrent = this.reads.get(name) === reading && isTold();
      if (isCurrent && text !== null) this.keep(name, { text, until: clock.monotonic() + keptMs });
      return text;
    } finally {
      if (this.reads.get(name) === reading) this.reads.delete(name);
    }
  }

  private copyOf(name: string): Copy | undefined {
    const copy = this.copies.get(name);
    return copy && this.options.isTold() && this.options.clock.monotonic() < copy.until ? copy : undefined;
  }

  private keep(name: string, copy: Copy): void {
    const [oldest] = this.copies.keys();
    if (this.copies.size >= MOST && oldest !== undefined) this.copies.delete(oldest);
    this.copies.set(name, copy);
  }
}
