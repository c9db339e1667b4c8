import type { Locks, TimedLock } from '../../src/sends/chat-leases';

export interface MemoryLock extends TimedLock {
  key: string;
  token: number;
}

/** A lock server in memory, for any number of processes. It can be away, as Redis can. */
export class MemoryLocks implements Locks<MemoryLock> {
  /** What was asked, in order: acquire, extend, release. */
  readonly asked: string[] = [];
  isAway = false;
  private readonly held = new Map<string, MemoryLock>();
  private tokens = 0;

  constructor(private readonly now: () => number) {}

  /** Takes a lock away from whoever has it, as another process could after its expiry. */
  steal(key: string, lengthMs = Infinity): void {
    this.held.set(key, { key, token: 0, until: this.now() + lengthMs });
  }

  isHeld(key: string): boolean {
    return (this.held.get(key)?.until ?? 0) > this.now();
  }

  acquire(key: string, lengthMs: number): Promise<MemoryLock | undefined> {
    return this.answer('acquire', () => {
      if (this.isHeld(key)) return undefined;
      return this.write({ key, token: (this.tokens += 1), until: this.now() + lengthMs });
    });
  }

  extend({ key, token }: MemoryLock, lengthMs: number): Promise<MemoryLock | undefined> {
    return this.answer('extend', () => {
      const isOurs = this.isHeld(key) && this.held.get(key)?.token === token;
      return isOurs ? this.write({ key, token, until: this.now() + lengthMs }) : undefined;
    });
  }

  release({ key, token }: MemoryLock): Promise<void> {
    const release = () => void (this.held.get(key)?.token === token && this.held.delete(key));
    return this.answer('release', release).catch(() => undefined);
  }

  private write(lock: MemoryLock): MemoryLock {
    this.held.set(lock.key, lock);
    return lock;
  }

  private async answer<T>(what: string, work: () => T): Promise<T> {
    this.asked.push(what);
    await Promise.resolve();
    if (this.isAway) throw new Error('the lock server is away');
    return work();
  }
}
