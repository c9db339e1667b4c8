import { now, type Line, type Seen, type Write } from './record';

/** Writes down what became of calls, each when it has ended. */
export class Recorder {
  /** Calls that have not ended, each with what gives it up. */
  private readonly open = new Set<() => void>();

  constructor(
    private readonly stream: string,
    private readonly note: (line: Line) => void,
  ) {}

  get outstanding(): number {
    return this.open.size;
  }

  /** All that have not ended are written down as such. */
  giveUp(): void {
    for (const giveUp of this.open) giveUp();
  }

  /** A write is acknowledged when its caller is not told that it has failed: stock never tells. */
  write(
    write: Omit<Write, 'stream' | 'begun' | 'ended' | 'outcome'>,
    call: Promise<unknown>,
    ended: (isAcknowledged: boolean) => void,
  ): void {
    const begun = now();
    const outcome = call.then(
      () => 'acknowledged' as const,
      () => 'failed' as const,
    );
    this.follow<Write['outcome']>(outcome, (outcome) => {
      this.note({ write: { ...write, stream: this.stream, begun, ended: now(), outcome } });
      ended(outcome === 'acknowledged');
    });
  }

  read<Answer>(item: string, call: Promise<Answer>, seenIn: (answer: Answer) => Seen): void {
    const begun = now();
    const outcome = call.then(seenIn, () => 'untold' as const);
    this.follow(outcome, (seen) => this.note({ read: { item, stream: this.stream, begun, ended: now(), seen } }));
  }

  private follow<Outcome>(outcome: Promise<Outcome>, end: (outcome: Outcome | 'open') => void): void {
    const giveUp = () => endOnce('open');
    const endOnce = (what: Outcome | 'open') => {
      if (this.open.delete(giveUp)) end(what);
    };
    this.open.add(giveUp);
    void outcome.then(endOnce);
  }
}
