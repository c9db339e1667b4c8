import { randomUUID } from 'node:crypto';
import { backoffMs } from '../core/backoff';
import { describe, GuardError } from '../core/errors';
import type { Log } from '../core/log';
import { sleep } from '../core/sleep';
import type { Metrics } from '../metrics/metrics';
import type { IdempotencyStore, KnownRequest, NewRequest, StoredAnswer } from '../stores/idempotency-store';
import type { AdoptedSend } from '../stores/send-store';
import { IdempotencyBatches, type IdempotencyBatchesOptions } from './idempotency-batches';
import { answerOfEnding, answerOfSends } from './idempotent-answer';
import { IdempotentRun } from './idempotent-run';
import type { Ending } from './judge';

export interface IdempotencyOptions extends IdempotencyBatchesOptions {
  store: Omit<IdempotencyStore, 'purge'>;
  /** Requests with a key that may run or wait in this process. */
  limit: number;
  log: Log;
  metrics: Pick<Metrics, 'idempotency'>;
}

/** What a look at a request gave: it is ours to run; its answer; or when to look again. */
type Met = IdempotentRun | StoredAnswer | 'at once' | 'later';

/** Pauses of one who waits for another process, and between attempts to keep an answer, in milliseconds. */
const [FIRST_LOOK_MS, MOST_LOOK_MS] = [25, 1_000];
const [FIRST_RETRY_MS, MOST_RETRY_MS] = [50, 5_000];
/** For so long a caller waits until his answer is kept; then he gets it anyway. */
const PATIENCE_MS = 2_000;
/** Whoever has been at it for longer than this asks before he sends: others may have taken his process for gone. */
const CONFIRM_AFTER_MS = 5_000;

/** Lets each request with an idempotency key run once, and gives its answer to all that come with the same key. */
export class Idempotency {
  private readonly stopping = new AbortController();
  private readonly batches: IdempotencyBatches;
  /** Of this process, by requestId. One goes when the database has its answer, or knows that there is none. */
  private readonly runs = new Map<string, IdempotentRun>();
  private readonly waiting = new Set<AbortController>();
  private readonly closings = new Set<Promise<void>>();

  constructor(private readonly options: IdempotencyOptions) {
    this.batches = new IdempotencyBatches(options, this.stopping.signal);
  }

  /**
   * Asks whether a request may run. Where the same one runs already, waits for its answer.
   *
   * @param gone aborted when nobody waits for the answer any more.
   * @returns the run, which must be concluded; or the answer of the first one; nothing where nobody waits any more.
   * @throws GuardError GUARD_IDEMPOTENCY_MISMATCH, GUARD_SENDS_FULL, GUARD_SENDS_JOURNAL_DOWN, GUARD_SENDS_STOPPING.
   */
  async admit(asked: Omit<NewRequest, 'run'>, gone: AbortSignal): Promise<IdempotentRun | StoredAnswer | undefined> {
    const all = this.runs.size + this.waiting.size;
    if (all >= this.options.limit) throw new GuardError('GUARD_SENDS_FULL', `There are ${all} with a key.`);
    const waiter = new AbortController();
    const leave = () => waiter.abort();
    this.waiting.add(waiter);
    gone.addEventListener('abort', leave, { once: true });
    try {
      return await this.look({ ...asked, run: randomUUID() }, waiter.signal);
    } catch (error) {
      if (gone.aborted) return undefined;
      throw error;
    } finally {
      this.waiting.delete(waiter);
      gone.removeEventListener('abort', leave);
    }
  }

  /**
   * Makes a send that belongs to a request, if that is still ours.
   *
   * @throws what the send throws; GuardError GUARD_SENDS_TAKEN_OVER, GUARD_SENDS_JOURNAL_DOWN.
   */
  async track<T>(requestId: string | undefined, send: () => Promise<T>): Promise<T> {
    const run = requestId === undefined ? undefined : this.runs.get(requestId);
    if (!run) return send();
    if (this.options.clock.monotonic() - run.since > CONFIRM_AFTER_MS) await this.confirm(run);
    try {
      const result = await send();
      run.hasSent = true;
      return result;
    } catch (error) {
      // Errors of ours tell that the channel was not reached, or that another process sees to it.
      if (!(error instanceof GuardError)) run.hasSent = true;
      throw error;
    }
  }

  /** Ends a run. Resolves when the caller may have his answer; never rejects. */
  async conclude(run: IdempotentRun, answer: StoredAnswer): Promise<void> {
    const isKept = run.keeps(answer.status);
    run.isVain = !isKept;
    const closing: Promise<void> = this.close(run, isKept ? answer : undefined).finally(() => {
      this.closings.delete(closing);
    });
    this.closings.add(closing);
    if (!isKept) return;
    const patience = new AbortController();
    await Promise.race([run.over, sleep(PATIENCE_MS, patience.signal)]);
    patience.abort();
    run.tell(answer);
  }

  /** Keeps the answer of a request whose process is gone: its send was resumed in this one. */
  async resumed({ requestId, sendId }: AdoptedSend, ending: Ending): Promise<void> {
    const answer = answerOfEnding(ending);
    if (requestId === undefined || !answer) return;
    const [first] = await this.options.store.sends(requestId);
    if (first?.sendId === sendId) await this.batches.end({ requestId, ...answer });
  }

  /** Refuses those that wait. Resolves when all answers are kept, or were tried once more. */
  async stop(): Promise<void> {
    this.stopping.abort();
    for (const waiter of this.waiting) waiter.abort();
    await Promise.all(this.closings);
  }

  private async look(request: NewRequest, signal: AbortSignal): Promise<IdempotentRun | StoredAnswer> {
    for (let looks = 0; !signal.aborted; looks += 1) {
      const known = await this.batches.begin(request);
      const met = known ? await this.meet(request, known, looks === 0, signal) : 'at once';
      if (met instanceof IdempotentRun) return this.count('first', met);
      if (typeof met === 'object') return this.count(looks === 0 && known?.answer ? 'replayed' : 'waited', met);
      if (met === 'later') await sleep(backoffMs(looks, this.options.random, FIRST_LOOK_MS, MOST_LOOK_MS), signal);
    }
    throw new GuardError('GUARD_SENDS_STOPPING', 'It waited for the answer of an earlier request with the same key.');
  }

  private async meet(
    request: NewRequest,
    known: KnownRequest,
    isFirstLook: boolean,
    signal: AbortSignal,
  ): Promise<Met> {
    const { requestId, fingerprint, run } = request;
    const here = this.runs.get(requestId);
    if (here?.isVain) {
      await untilAborted(here.over, signal);
      return 'at once';
    }
    if (known.fingerprint !== fingerprint) {
      // It may have been forgotten since it was read.
      if (isFirstLook && !here && !known.answer && known.owner === this.options.owner) return 'at once';
      this.options.metrics.idempotency.inc({ outcome: 'mismatch' });
      throw new GuardError('GUARD_IDEMPOTENCY_MISMATCH', 'The two differ in route or body.');
    }
    if (known.answer) return known.answer;
    if (here) return (await untilAborted(here.over, signal)) ?? 'at once';
    if (known.run === run) return this.start(request);
    if (known.owner !== this.options.owner && known.isOwnerThere) return 'later';
    try {
      return await this.inherit(request, known.run);
    } catch (error) {
      this.options.log.warn({ detail: describe(error) }, 'a request that was left could not be looked at; tried again');
      return 'later';
    }
  }

  /** Sees to a request that nobody runs any more. What it has sent is resumed by the process that has the instance. */
  private async inherit(request: NewRequest, from: string): Promise<Met> {
    const { store, owner } = this.options;
    const sends = await store.sends(request.requestId);
    if (sends.length > 0) {
      const answer = answerOfSends(sends);
      if (!answer) return 'later';
      await this.batches.end({ requestId: request.requestId, ...answer });
      return 'at once'; // the answer that came first is the one that counts
    }
    if (this.runs.has(request.requestId)) return 'at once'; // somebody here was faster
    const run = this.start(request); // others in this process must not see our row before they see us
    let isOurs = false;
    try {
      isOurs = await store.takeOver(owner, request, from);
    } finally {
      if (!isOurs) this.drop(run, undefined);
    }
    return isOurs ? run : 'later';
  }

  private start({ requestId, run: id }: NewRequest): IdempotentRun {
    const run = new IdempotentRun(requestId, id, this.options.clock.monotonic());
    this.runs.set(requestId, run);
    return run;
  }

  private drop(run: IdempotentRun, answer: StoredAnswer | undefined): void {
    if (this.runs.get(run.requestId) === run) this.runs.delete(run.requestId);
    run.tell(answer);
  }

  /** Writes until it is written, or the host ends: then the journal knows the most important. */
  private async close(run: IdempotentRun, answer: StoredAnswer | undefined): Promise<void> {
    const { random, log } = this.options;
    const { signal } = this.stopping;
    const { requestId, run: id } = run;
    for (let attempt = 0; ; attempt += 1) {
      try {
        if (answer) await this.batches.end({ requestId, run: id, ...answer });
        else await this.batches.forget({ requestId, run: id });
        break;
      } catch (error) {
        if (attempt === 0) log.warn({ detail: describe(error) }, 'the answer of a request is not in the database yet');
        if (answer) run.tell(answer);
        if (signal.aborted) break;
        await sleep(backoffMs(attempt, random, FIRST_RETRY_MS, MOST_RETRY_MS), signal);
      }
    }
    this.drop(run, answer);
  }

  private async confirm(run: IdempotentRun): Promise<void> {
    const isOurs = await this.options.store.isRunning(run).catch((cause: unknown) => {
      throw new GuardError('GUARD_SENDS_JOURNAL_DOWN', `${describe(cause)}.`, { cause });
    });
    if (!isOurs) throw new GuardError('GUARD_SENDS_TAKEN_OVER', 'It came with an idempotency key.');
  }

  private count<T>(outcome: 'first' | 'replayed' | 'waited', met: T): T {
    this.options.metrics.idempotency.inc({ outcome });
    return met;
  }
}

/** @returns nothing where the signal came first. */
async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  if (signal.aborted) return undefined;
  let abort: () => void = () => undefined;
  const aborted = new Promise<undefined>((resolve) => {
    abort = () => resolve(undefined);
    signal.addEventListener('abort', abort, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
