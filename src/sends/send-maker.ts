import { backoffMs, type Random } from '../core/backoff';
import type { Clock } from '../core/clock';
import { describe, GuardError } from '../core/errors';
import type { Log } from '../core/log';
import { sleep } from '../core/sleep';
import type { Metrics } from '../metrics/metrics';
import type { NewSend, SendOutcome } from '../stores/send-store';
import { Attempt, runAttempt } from './attempt';
import type { Lease } from './chat-leases';
import type { HeadStart } from './head-start';
import type { Journal } from './journal';
import { isRepeatable, judge, type Ending, type Verdict } from './judge';
import { Patience } from './patience';
import type { SendRequest } from './send-request';

export interface SendMakerOptions {
  journal: Journal;
  headStart: Pick<HeadStart, 'take' | 'has' | 'forget'>;
  leases: { hold(key: string, signal: AbortSignal, waits: () => void): Promise<Lease>; drop(key: string): void };
  /** Milliseconds that the rates of the instance and the chat want this send to wait. */
  pace: (instance: string, key: string) => number;
  /** Makes what has been taken over from processes that are gone, and goes first in this chat. */
  owed: (key: string) => Promise<void>;
  /** Whether there is such a thing by now. */
  isOwing: (key: string) => Promise<boolean>;
  /** Told of a send that was taken over and could not begin now. */
  putOff: (sendId: string) => void;
  /** Told that another process has a send that goes first: it may be gone. */
  overtaken: () => void;
  /** For so long an attempt that sent nothing is repeated, see Patience. */
  retryMs: number;
  clock: Clock;
  random: Random;
  log: Log;
  metrics: Pick<Metrics, 'sendsEnded' | 'sendsRetried' | 'sendsLeasesLost' | 'sendsCost'>;
}

/** What another try does not change. */
const FINAL = new Set<string>(['GUARD_SENDS_TAKEN_OVER', 'GUARD_SENDS_JOURNAL_DOWN']);
/** Pauses in milliseconds: of who waits for another process, and between attempts. */
const [FIRST_WAIT_MS, MOST_WAIT_MS] = [10, 250];
const [FIRST_RETRY_MS, MOST_RETRY_MS] = [250, 10_000];

/** After these a send is over for its caller. */
const REFUSALS = new Set<string>(['GUARD_SENDS_LOCKS_DOWN', 'GUARD_SENDS_JOURNAL_DOWN']);
/** Of ends that wait for the journal. Beyond, refused sends are not noted: most of them never came to the journal. */
const MOST_ENDS = 10_000;

/** Makes one send whose turn has come in this process: lock, journal, host, journal. */
export class SendMaker {
  private readonly stopping = new AbortController();
  /** Ends that are being written. As many as sends were under way, as none begins without the journal. */
  private readonly ends = new Set<Promise<void>>();

  private readonly channel: Patience;
  private readonly journal: Patience;

  constructor(private readonly options: SendMakerOptions) {
    this.channel = new Patience(options.retryMs, options.clock);
    this.journal = new Patience(options.retryMs, options.clock);
  }

  /** The chat has no work left in this process. */
  forget(key: string): void {
    this.channel.renew(key);
    this.journal.renew(key);
    this.options.headStart.forget(key);
    this.options.leases.drop(key);
  }

  /**
   * @returns what the host's own method returns.
   * @throws what it throws; GuardError GUARD_SENDS_JOURNAL_DOWN, GUARD_SENDS_LOCKS_DOWN, GUARD_SENDS_TAKEN_OVER,
   * GUARD_SENDS_STOPPING.
   */
  async make(key: string, send: NewSend, request: SendRequest, isJournalled: boolean): Promise<unknown> {
    const { clock, random, metrics, log } = this.options;
    const repeatable = isRepeatable(send);
    let ahead = await this.options.headStart.take(key, send.sendId);
    let isKnown = isJournalled;
    for (let failures = 0; ;) {
      const paceMs = this.options.pace(send.instance, key);
      if (paceMs > 0) {
        isKnown ||= await this.accept(key, send, undefined);
        await sleep(paceMs, this.stopping.signal);
      }
      const from = clock.monotonic();
      const lease = await this.begin(key, send, isKnown, ahead).catch((error: unknown) => this.refused(send, error));
      ahead = undefined;
      isKnown = true;
      metrics.sendsCost.observe((clock.monotonic() - from) / 1000);
      const attempt = new Attempt(send.sendId, send.messageId, lease);
      const ending = await endingOf(() => runAttempt(attempt, request.perform));
      const verdict = judge(attempt, ending, repeatable);
      if (verdict.kind === 'lease-lost') {
        metrics.sendsLeasesLost.inc();
        log.warn({ code: 'GUARD_SENDS_LEASE_LOST', sendId: send.sendId }, 'the lock of a chat was lost; waiting again');
        await this.putBack(send);
        continue;
      }
      if (verdict.kind === 'again') {
        const pauseMs = verdict.afterMs ?? backoffMs(failures, random, FIRST_RETRY_MS, MOST_RETRY_MS);
        if (this.channel.lasts(key, pauseMs) && !this.stopping.signal.aborted) {
          failures += 1;
          metrics.sendsRetried.inc();
          await this.putBack(send);
          await sleep(pauseMs, this.stopping.signal);
          continue;
        }
      }
      if (verdict.kind !== 'again') this.channel.renew(key);
      this.end(send, verdict);
      return answer(ending);
    }
  }

  /** Sends that would begin from now on stay in the journal; pauses between attempts end. */
  refuse(): void {
    this.stopping.abort();
  }

  /** Resolves when the ends of all sends are in the journal, or could not be written. */
  async stop(): Promise<void> {
    await Promise.all(this.ends);
  }

  /** Waits until the chat is ours and the journal says that the send is being made. */
  private async begin(key: string, send: NewSend, isKnown: boolean, ahead: Lease | undefined): Promise<Lease> {
    const { leases, journal, headStart, random, overtaken, owed, isOwing } = this.options;
    let [waits, known] = [0, isKnown];
    for (;;) {
      await this.unlessStopping(key, send, known, ahead);
      if (!isResumed(send)) await owed(key);
      if (waits === 0 && ahead?.isHeld() && !(await isOwing(key))) return ahead;
      let accepting: Promise<boolean> | undefined;
      // Who waits is in the journal: a crash must not leave those behind it without it.
      const holding = leases.hold(key, this.stopping.signal, () => {
        if (known) return;
        accepting = this.accept(key, send, undefined);
        accepting.catch(() => undefined); // heard of when the lock is got, or not waited for any more
      });
      const lease = await holding.catch(async (error: unknown) => {
        await accepting;
        throw error;
      });
      if (accepting) known = await accepting;
      const { sendId, instance, chat } = send;
      const place = headStart.has(key) ? 'between' : 'next';
      const beginning = { sendId, instance, chat, place } as const;
      try {
        const begun = await journal.begin(known ? beginning : { ...beginning, fresh: send });
        this.journal.renew(key);
        if (begun.outcome === 'lost') throw new GuardError('GUARD_SENDS_TAKEN_OVER', `Send ${sendId}.`);
        if (begun.outcome === 'begun') {
          if (isResumed(send) || !(await isOwing(key))) return lease;
          // What was older was taken over while this one began: nobody else had anything open any more.
          await this.putBack(send);
          known = true;
        } else {
          leases.drop(key);
          overtaken();
          // Among those that wait the order is that of the journal, so it must be there.
          known ||= await this.accept(key, send, undefined);
        }
        await sleep(backoffMs(waits, random, FIRST_WAIT_MS, MOST_WAIT_MS), this.stopping.signal);
      } catch (error) {
        if (error instanceof GuardError && FINAL.has(error.code)) throw error;
        // Whether it was written is not known: from now on it is treated as one that was.
        known = await this.accept(key, send, error, waits);
      }
      waits += 1;
    }
  }

  /**
   * Writes a send as accepted, which does no harm if it is there.
   *
   * @param cause what the journal failed with just before; then the first try comes after a pause.
   * @returns true.
   */
  private async accept(key: string, send: NewSend, cause: unknown, failures = 0): Promise<true> {
    const { journal, random } = this.options;
    for (let [last, attempt] = [cause, failures]; ; attempt += 1) {
      if (last !== undefined) {
        const pauseMs = backoffMs(attempt, random, 50, 2_000);
        if (!this.journal.lasts(key, pauseMs) || this.stopping.signal.aborted) {
          throw new GuardError('GUARD_SENDS_JOURNAL_DOWN', `${describe(last)}.`, { cause: last });
        }
        await sleep(pauseMs, this.stopping.signal);
      }
      try {
        await journal.accept(send);
        this.journal.renew(key);
        return true;
      } catch (error) {
        last = error;
      }
    }
  }

  /** A send that comes when the host is being stopped is left to the next start. */
  private async unlessStopping(key: string, send: NewSend, isKnown: boolean, ahead: Lease | undefined): Promise<void> {
    if (!this.stopping.signal.aborted) return;
    if (ahead) await this.putBack(send);
    if (!isKnown) await this.accept(key, send, undefined);
    throw new GuardError('GUARD_SENDS_STOPPING', `Send ${send.sendId}.`);
  }

  /**
   * The caller is told that nothing was sent; so what the journal may have of it must not be sent later either. Whoever
   * asked for one that was taken over is gone: it waits.
   */
  private refused(send: NewSend, error: unknown): never {
    if (error instanceof GuardError && REFUSALS.has(error.code)) {
      if (isResumed(send)) this.options.putOff(send.sendId);
      else if (this.ends.size < MOST_ENDS) this.end(send, { kind: 'failed', detail: error.message });
    }
    throw error;
  }

  /** Nothing was sent: a process that takes over from here may try again. */
  private async putBack({ sendId }: NewSend): Promise<void> {
    const { journal, log } = this.options;
    await journal.finish({ sendId, state: 'accepted' }).catch((error: unknown) => {
      log.debug(
        { detail: describe(error) },
        'a send could not be marked as waiting; the next attempt writes it anyway',
      );
    });
  }

  private end(send: NewSend, verdict: Exclude<Verdict, { kind: 'lease-lost' }>): void {
    const { log, metrics } = this.options;
    const state = verdict.kind === 'again' ? 'failed' : verdict.kind;
    metrics.sendsEnded.inc({ outcome: state });
    if (state === 'unknown') {
      const { code, message } = new GuardError('GUARD_SENDS_UNKNOWN', `Send ${send.sendId} of ${send.instance}.`);
      log.error({ code }, message);
    }
    const outcome: SendOutcome = { sendId: send.sendId, state };
    if (verdict.kind === 'sent') {
      if (verdict.messageId !== undefined) outcome.messageId = verdict.messageId;
    } else outcome.error = verdict.detail.slice(0, 2_000);
    const written = this.write(outcome).finally(() => this.ends.delete(written));
    this.ends.add(written);
  }

  /** Tries until it is written, or the host ends: then the send is found as one that may have been sent. */
  private async write(outcome: SendOutcome): Promise<void> {
    const { journal, random, log } = this.options;
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await journal.finish(outcome);
      } catch (error) {
        if (attempt === 0) log.warn({ detail: describe(error) }, 'the end of a send is not in the journal yet');
        if (this.stopping.signal.aborted) return;
        await sleep(backoffMs(attempt, random, 50, 5_000), this.stopping.signal);
      }
    }
  }
}

/** One that was taken over has its place in the order already. */
const isResumed = (send: NewSend) => 'seq' in send;

async function endingOf(perform: () => Promise<unknown>): Promise<Ending> {
  try {
    return { result: await perform() };
  } catch (error) {
    return { error };
  }
}

function answer(ending: Ending): unknown {
  if ('error' in ending) throw ending.error;
  return ending.result;
}
