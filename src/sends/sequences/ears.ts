import type { Waker } from '../../core/waker';

/** Wakes those who wait for news of a send. */
export class Ears {
  private readonly waiting = new Map<string, Waker>();

  /** At most one for each send: the steps of a sequence come one after the other. @returns what ends it. */
  listen(sendId: string, waker: Waker): () => void {
    this.waiting.set(sendId, waker);
    return () => this.waiting.delete(sendId);
  }

  hear(sendId: string): void {
    this.waiting.get(sendId)?.wake();
  }
}
