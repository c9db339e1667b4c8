import type { HeldRow } from './held-row';
import type { Receivers } from './receivers';
import type { Stalls } from './stalls';

/** What is held of one chat. */
export interface Lane {
  chatKey: number;
  /** Those that wait. */
  rows: HeldRow[];
  /** Deliveries under way, begun in order. */
  inFlight: number;
  /** Those whose delivery has failed: until all that is under way has ended, nothing more of this chat is begun. */
  failed: HeldRow[];
}

/** Lanes that may begin a delivery. Receivers take turns, and among the lanes of one the oldest is first. */
export class ReadyLanes {
  /** By the receiver of their first row. */
  private readonly lanes = new Map<number, Set<Lane>>();

  constructor(
    private readonly receivers: Pick<Receivers, 'mayDeliver' | 'isBusy' | 'isSuspect'>,
    private readonly stalls: Pick<Stalls, 'failures'>,
  ) {}

  get isEmpty(): boolean {
    return this.lanes.size === 0;
  }

  /** Behind the others, where it is not among them. */
  add(lane: Lane): void {
    const receiver = lane.rows[0]?.receiver ?? 0;
    const lanes = this.lanes.get(receiver) ?? new Set();
    this.lanes.set(receiver, lanes.add(lane));
  }

  /** To be called while the lane has the first row that it was added with. */
  remove(lane: Lane): void {
    const receiver = lane.rows[0]?.receiver ?? 0;
    const lanes = this.lanes.get(receiver);
    lanes?.delete(lane);
    if (lanes?.size === 0) this.lanes.delete(receiver);
  }

  /** The lane whose turn it is; its receiver's next turn comes after all others'. */
  choose(isHeld: (row: HeldRow) => boolean, onlyIdle: boolean): Lane | undefined {
    for (const [receiver, lanes] of this.lanes) {
      if (!this.receivers.mayDeliver(receiver) || (onlyIdle && this.receivers.isBusy(receiver))) continue;
      const lane = this.among(receiver, lanes, isHeld);
      if (!lane) continue;
      if (this.lanes.size > 1) {
        this.lanes.delete(receiver);
        this.lanes.set(receiver, lanes);
      }
      return lane;
    }
    return undefined;
  }

  /** Asks a receiver that is in doubt with what has failed least: an event that it can never take must not speak for it. */
  private among(receiver: number, lanes: ReadonlySet<Lane>, isHeld: (row: HeldRow) => boolean): Lane | undefined {
    const doubtful = this.receivers.isSuspect(receiver);
    let best: Lane | undefined;
    for (const lane of lanes) {
      const row = lane.rows[0];
      if (!row || !isHeld(row)) continue;
      if (!doubtful) return lane;
      if (!best || this.stalls.failures(lane.chatKey) < this.stalls.failures(best.chatKey)) best = lane;
    }
    return best;
  }
}
