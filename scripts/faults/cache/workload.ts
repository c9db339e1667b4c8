import { FIRST_GROUP, itemsIn, kindOf, nameOf, placeOf, REWRITTEN, seqIn, valueOf, type Caches } from './items';
import { now, type Line, type Seen } from './record';
import { Recorder } from './recorder';

/** The processes. Each writes items of its own, and reads those of all that are written again and again. */
export const STREAMS = ['a', 'b'] as const;
export type Stream = (typeof STREAMS)[number];

const TICK_MS = 5;
/** What was missed while the process stood still is made up for, but not all at once. */
const MOST_IN_TICK = 50;
/** Longer than any call may take, by far. */
const PATIENCE_MS = 5_000;
const TTL_SECONDS = 3_600;

/** Calls of a thousand; all others read a value. */
const SHARES = { rewrite: 220, writeOnce: 120, remove: 60, has: 50, keys: 1 };
/** Of the reads: those of items that were written once. */
const READS_OF_ONCE = 0.3;

/**
 * Calls at a steady rate, whether those before have ended or not: a slow cache is asked as often as a fast one. An item is
 * written when its write before has ended.
 */
export class Workload {
  private readonly recorder: Recorder;
  /** The last write of each item. */
  private readonly seqs = new Map<number, number>();
  private readonly beingWritten = new Set<number>();
  /** Items that were written once and not deleted. */
  private readonly once: number[] = [];
  private next = REWRITTEN;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly stream: Stream,
    private readonly caches: Caches,
    note: (line: Line) => void,
  ) {
    this.recorder = new Recorder(stream, note);
  }

  start(perSecond: number): void {
    const since = now();
    let called = 0;
    this.timer = setInterval(() => {
      const due = Math.floor(((now() - since) / 1000) * perSecond);
      for (let more = Math.min(due - called, MOST_IN_TICK); more > 0; more -= 1, called += 1) this.call();
    }, TICK_MS);
  }

  /** Resolves when all calls have ended; those that do not are written down as open. */
  async stop(): Promise<void> {
    clearInterval(this.timer);
    for (const end = now() + PATIENCE_MS; this.recorder.outstanding > 0 && now() < end;) {
      await new Promise((resolve) => setTimeout(resolve, TICK_MS));
    }
    this.recorder.giveUp();
  }

  private call(): void {
    let chance = Math.random() * 1_000;
    const falls = (share: number) => (chance -= share) < 0;
    if (falls(SHARES.rewrite)) this.rewrite();
    else if (falls(SHARES.writeOnce)) this.writeOnce();
    else if (falls(SHARES.remove)) this.remove();
    else if (falls(SHARES.has)) this.askForOne();
    else if (falls(SHARES.keys)) this.lookThroughKeys();
    else this.read();
  }

  private rewrite(): void {
    const number = anyBelow(REWRITTEN);
    if (this.beingWritten.has(number)) return this.writeOnce(); // it has its turn another time
    this.beingWritten.add(number);
    this.write(number, () => this.beingWritten.delete(number));
  }

  private writeOnce(): void {
    const number = this.next;
    this.next += 1;
    this.write(number, (isAcknowledged) => isAcknowledged && this.once.push(number));
  }

  private write(number: number, ended: (isAcknowledged: boolean) => void): void {
    const seq = (this.seqs.get(number) ?? 0) + 1;
    this.seqs.set(number, seq);
    const place = placeOf(this.stream, number);
    const { module, key, field } = place;
    const cache = this.caches[module];
    const value = valueOf(seq, place);
    const ttl = module === 'ChatwootService' ? TTL_SECONDS : undefined;
    const call = field === undefined ? cache.set(key, value, ttl) : cache.hSet(key, field, value);
    this.recorder.write(this.about(number, seq, false), call, ended);
  }

  private remove(): void {
    const number = this.takeOnce();
    if (number === undefined) return this.read();
    const { module, key, field } = placeOf(this.stream, number);
    const cache = this.caches[module];
    const call = field === undefined ? cache.delete(key) : cache.hDelete(key, field);
    this.recorder.write(this.about(number, 2, true), call, () => undefined);
  }

  private read(): void {
    const [stream, number] = Math.random() < READS_OF_ONCE ? this.anyOnce() : this.anyFrom(0);
    const { module, key, field } = placeOf(stream, number);
    const cache = this.caches[module];
    const call = field === undefined ? cache.get(key) : cache.hGet(key, field);
    this.recorder.read(nameOf(stream, number), call, seenIn);
  }

  private askForOne(): void {
    const [stream, number] = this.anyFrom(FIRST_GROUP);
    const { module, key } = placeOf(stream, number);
    const seen = (has: boolean | undefined): Seen => (has ? 'something' : has === undefined ? 'untold' : 'nothing');
    this.recorder.read(nameOf(stream, number), this.caches[module].has(key), seen);
  }

  /** All names of a module: whether one that was chosen before is among them. */
  private lookThroughKeys(): void {
    const [stream, number] = this.anyFrom(FIRST_GROUP);
    const item = nameOf(stream, number);
    this.recorder.read(item, this.caches[placeOf(stream, number).module].keys(), (names) => {
      if (names === undefined) return 'untold';
      return names.some((name) => itemsIn(name).includes(item)) ? 'something' : 'nothing';
    });
  }

  private about(number: number, seq: number, isDelete: boolean) {
    return { item: nameOf(this.stream, number), seq, isDelete, isCredentials: kindOf(number) === 'credentials' };
  }

  /** Of those that are written again and again, whoever writes it. */
  private anyFrom(first: number): [string, number] {
    return [STREAMS[anyBelow(STREAMS.length)] ?? this.stream, first + anyBelow(REWRITTEN - first)];
  }

  private anyOnce(): [string, number] {
    const number = this.once[anyBelow(this.once.length)];
    return number === undefined ? this.anyFrom(0) : [this.stream, number];
  }

  private takeOnce(): number | undefined {
    const place = anyBelow(this.once.length);
    const [number, last] = [this.once[place], this.once.pop()];
    if (last !== undefined && place < this.once.length) this.once[place] = last;
    return number;
  }
}

const anyBelow = (end: number): number => Math.floor(Math.random() * end);

/** null where there is nothing, undefined where that cannot be told. */
function seenIn(value: unknown): Seen {
  if (value === undefined) return 'untold';
  return value === null ? 'nothing' : (seqIn(value) ?? 'something');
}
