import { v7 as uuidv7 } from 'uuid';
import type { AdoptedSend, SendStore } from '../stores/send-store';

/** Takes over open sends of processes that are gone. */
export type Adopt = (owner: string, instances: readonly string[], limit: number) => Promise<AdoptedSend[]>;

/**
 * Takes sends over from processes that are gone, in two steps, so that a lost answer loses nothing: what was taken under a
 * ticket is taken again, and what is kept is asked for again. Else rows would belong to a living process that does not
 * know of them, and everybody would wait for it.
 */
export class Adoption {
  /** Sends that may be ours: the database has not said so yet. */
  private doubtful: { ticket: string; sends: readonly AdoptedSend[] } | undefined;

  constructor(private readonly store: Pick<SendStore, 'adopt' | 'keep'>) {}

  /** @returns at most `limit` sends, or a few that were taken before. @throws errors of the database as they come. */
  async adopt(owner: string, instances: readonly string[], limit: number): Promise<AdoptedSend[]> {
    if (!this.doubtful) {
      const ticket = uuidv7();
      const sends = await this.store.adopt(owner, ticket, instances, limit);
      if (sends.length === 0) return [];
      this.doubtful = { ticket, sends };
    }
    const { ticket, sends } = this.doubtful;
    const ids = sends.map(({ sendId }) => sendId);
    const kept = new Set(await this.store.keep(owner, ticket, ids));
    this.doubtful = undefined;
    return sends.filter(({ sendId }) => kept.has(sendId));
  }
}
