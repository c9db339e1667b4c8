import type { Log } from '../../core/log';
import type { Metrics } from '../../metrics/metrics';
import type { AdoptedSend } from '../../stores/send-store';
import type { SequenceRecord, SequenceStore } from '../../stores/sequence-store';
import type { Adopt } from '../adoption';
import type { LoadedInstance } from '../recovery';
import { chatKey } from '../send-request';
import { shareOut } from './left-sends';
import type { Work } from './run-parts';

export interface TakenOverOptions {
  store: Pick<SequenceStore, 'adopt' | 'begin' | 'end'>;
  owner: string;
  isGuarded: (instance: string) => boolean;
  instances: () => readonly LoadedInstance[];
  /** Those that have a place in their chat. */
  queued: () => Iterable<Work>;
  /** Ids of those that are being written at this moment. */
  accepting: () => Iterable<string>;
  /** Gives a place in its chat, ahead of what comes later. */
  queue: (work: Work) => void;
  log: Log;
  metrics: Pick<Metrics, 'sequencesEnded'>;
}

/** Of one look, and at most in memory while instances are not connected. */
const MOST_PARKED = 1_000;

/** Sequences of processes that are gone, until their instance is connected here. */
export class TakenOver {
  private readonly parked = new Map<string, Work>();
  /** Those of them whose chats may have sends that are being taken over at this moment, and come before them. */
  private readonly fresh = new Set<string>();
  private isLooking = false;
  private looked: NodeJS.Immediate | undefined;
  /** Whether the database may have given us some that we have not heard of. */
  private isUnsure = false;

  constructor(private readonly options: TakenOverOptions) {}

  get size(): number {
    return this.parked.size;
  }

  has(id: string): boolean {
    return this.parked.has(id);
  }

  /** Brings what waited for this instance's connection into its chats, ahead of what comes now. */
  release(instance: string): void {
    if (this.parked.size === 0) return;
    const isOpen = this.options.instances().some((each) => each.name === instance && each.isOpen);
    if (!isOpen) return;
    if (!this.isLooking) this.fresh.clear();
    const works = [...this.parked.values()].filter((each) => each.instance === instance && !this.fresh.has(each.id));
    for (const work of works) {
      this.parked.delete(work.id);
      this.options.queue(work);
    }
  }

  stop(): void {
    clearImmediate(this.looked);
  }

  /**
   * Takes over sequences first, then sends. A look is several of these calls, one right after the other's end.
   *
   * @returns the sends that no sequence comes before; none if there are no more.
   */
  async adopt(adoptSends: Adopt, owner: string, instances: readonly string[], limit: number): Promise<AdoptedSend[]> {
    clearImmediate(this.looked);
    this.isLooking = true;
    const others = await this.look(adoptSends, owner, instances, limit);
    this.isLooking = false; // after a failure only with the next look: there may be more that comes first
    // Whoever has called this queues first what comes first.
    this.looked = setImmediate(() => {
      for (const instance of new Set(this.works().map((work) => work.instance))) this.release(instance);
    });
    return others;
  }

  private async look(
    adoptSends: Adopt,
    owner: string,
    instances: readonly string[],
    limit: number,
  ): Promise<AdoptedSend[]> {
    const { log } = this.options;
    const found = await this.find(owner, instances);
    if (found.length > 0) log.warn({ sequences: found.length }, 'sequences of a process that is gone were taken over');
    for (const record of found) {
      this.parked.set(record.id, workOf(record));
      this.fresh.add(record.id);
    }
    let others: AdoptedSend[] = [];
    for (let isMore = true; isMore && others.length === 0;) {
      const sends = await adoptSends(owner, instances, limit);
      others = shareOut(sends, this.works());
      isMore = sends.length > 0;
    }
    return others;
  }

  private works(): Work[] {
    return [...this.options.queued(), ...this.parked.values()];
  }

  private async find(owner: string, instances: readonly string[]): Promise<SequenceRecord[]> {
    const { store, isGuarded, accepting } = this.options;
    const room = MOST_PARKED - this.parked.size;
    if (room <= 0) return [];
    const here = this.works().map(({ id }) => id);
    const known = this.isUnsure ? [...here, ...accepting()] : undefined;
    this.isUnsure = true;
    const found = await store.adopt(owner, instances.filter(isGuarded), room, known);
    this.isUnsure = false;
    return found;
  }

  /** Its place in the chat stays with what is behind it. */
  async cancel(id: string): Promise<void> {
    const { store, owner, metrics } = this.options;
    const sequence = await store.begin(owner, id);
    if (!sequence) return;
    const { position, steps } = sequence;
    const isEnded = await store.end(owner, id, { state: 'cancelled', position, steps });
    if (isEnded) metrics.sequencesEnded.inc({ outcome: 'cancelled' });
  }
}

export const workOf = ({ id, instance, chat, isHigh, steps, position }: SequenceRecord): Work => ({
  id,
  instance,
  chat,
  key: chatKey(instance, chat),
  isHigh,
  cancelling: new AbortController(),
  sendId: steps[position]?.sendId,
  left: [],
});
