import type { Evidence, Execution, Read, Seen, Write } from './record';

/** So long after another primary was named, a client need not know of it: what the former one took until then was Redis's to keep. */
const NEWS_MS = 1_000;

/** All that is known of one item. */
export class History {
  readonly writes: Write[] = [];
  readonly reads: Read[] = [];
  /** By the number of the write; a delete has none. */
  private readonly executions = new Map<number | undefined, Execution[]>();

  /** What the primaries had when all was over, as if somebody had read it. */
  readonly end: Read;

  constructor(
    item: string,
    private readonly evidence: Evidence,
  ) {
    const seen = evidence.final.get(item) ?? 'nothing';
    this.end = { item, stream: 'end', begun: Infinity, ended: Infinity, seen };
  }

  executed(execution: Execution): void {
    const { seq } = execution;
    this.executions.set(seq, [...(this.executions.get(seq) ?? []), execution]);
  }

  /** Writes that were acknowledged before the read began, and that are newer than what it was answered with. */
  missingFrom(read: Read): Write[] {
    const seen = this.seqOf(read.seen, read.ended);
    return this.writes.filter(
      (write) => write.seq > seen && write.outcome === 'acknowledged' && this.isKnownTo(read, write),
    );
  }

  /** @param until when it was missed. */
  wasLostByRedis(write: Write, until: number): boolean {
    const { failovers, wipes, areCredentialsReplicated } = this.evidence;
    if (wipes.some(({ begun, ended }) => begun <= until && write.begun < ended)) return true;
    if (write.isCredentials && areCredentialsReplicated) return false;
    const executions = this.executionsOf(write);
    if (executions.length === 0 || executions.some(isConfirmed)) return false;
    return failovers.some(({ begun, ended }) => begun <= until && write.begun < ended + NEWS_MS);
  }

  /** Whether a read that began when that one had ended, or the end, shows one of those writes. */
  isSeenAfter({ ended }: Read, writes: readonly Write[]): boolean {
    const later = [...this.reads, this.end].filter(({ begun, seen }) => begun > ended && seen !== 'something');
    const seqs = new Set(later.map((read) => this.seqOf(read.seen, read.ended)));
    return writes.some(({ seq }) => seqs.has(seq));
  }

  /** Times are those of the machine; servers are named by their ports. */
  tellOf({ item, stream, begun, ended, seen }: Read, missing: readonly Write[]): string {
    const writes = missing.map((write) => {
      const servers = this.executionsOf(write).map(({ reign, at }) => `on ${reign.port} at ${at.toFixed(1)}`);
      const executed = servers.length > 0 ? servers.join(' and ') : 'nowhere';
      return `${write.seq} (from ${write.begun.toFixed(1)} to ${write.ended.toFixed(1)}, executed ${executed})`;
    });
    return `${item}: ${stream} saw ${seen} from ${begun.toFixed(1)} to ${ended.toFixed(1)} and not ${writes.join(', ')}`;
  }

  /**
   * The number of the write that was seen; 0 for nothing at all. `something` may be the newest that there can be, `nothing` is the
   * delete if there can be one, `untold` is anything.
   */
  private seqOf(seen: Seen, until: number): number {
    if (typeof seen === 'number') return seen;
    if (seen === 'untold' || seen === 'open') return Infinity;
    const possible = this.writes.filter(({ begun, isDelete }) => begun < until && isDelete === (seen === 'nothing'));
    return possible.at(-1)?.seq ?? 0;
  }

  /** Credentials that wait for a primary with replicas are in the process that wrote them, and need not be anywhere else. */
  private isKnownTo(read: Read, write: Write): boolean {
    const { stream, begun } = read;
    if (write.ended >= begun) return false;
    if (!write.isCredentials || write.stream === stream || read === this.end) return true;
    return this.executionsOf(write).some((execution) => execution.at < begun && isConfirmed(execution));
  }

  private executionsOf({ seq, isDelete }: Write): readonly Execution[] {
    return this.executions.get(isDelete ? undefined : seq) ?? [];
  }
}

const isConfirmed = ({ at, reign }: Execution) => at <= reign.confirmedUntil;

/** By item. */
export function historiesOf(evidence: Evidence): Map<string, History> {
  const histories = new Map<string, History>();
  const of = (item: string): History => {
    const history = histories.get(item) ?? new History(item, evidence);
    histories.set(item, history);
    return history;
  };
  for (const write of evidence.writes) of(write.item).writes.push(write);
  for (const read of evidence.reads) of(read.item).reads.push(read);
  for (const execution of evidence.executions) of(execution.item).executed(execution);
  for (const { writes } of histories.values()) writes.sort((one, other) => one.seq - other.seq);
  return histories;
}
