import { v7 as uuidv7 } from 'uuid';
import { backoffMs } from '../../core/backoff';
import { describe, GuardError } from '../../core/errors';
import { sleep } from '../../core/sleep';
import { createWaker } from '../../core/waker';
import type { NewSequence, SequenceRecord, SequenceState, SequenceStore } from '../../stores/sequence-store';
import type { Adopt } from '../adoption';
import type { LoadedInstance } from '../recovery';
import type { Turn } from '../turn';
import { readDefinition, type DefinitionChecks } from './definition';
import { Interruption, Waits } from './waits';
import { SequenceRun } from './run-sequence';
import type { RunParts, Work } from './run-parts';
import { isAway } from './send-step';
import { hashOf, newStepRecords } from './step-records';
import { TakenOver, workOf } from './taken-over';
import { startUpkeep } from './upkeep';

export interface SequencesOptions extends Omit<RunParts, 'store'> {
  store: SequenceStore;
  checks: DefinitionChecks;
  /** Whether sends of this instance are guarded in this process. */
  isGuarded: (instance: string) => boolean;
  instances: () => readonly LoadedInstance[];
  /** Resolves when the bots have ended that are at work in a chat now. */
  botsSettled: (instance: string, chat: string) => Promise<void>;
  /** @throws GuardError GUARD_SENDS_FULL */
  openTurn: (instance: string, chat: string, how: { isHigh: boolean; isOwed: boolean }) => Turn;
  retentionDays: number;
}

/** What became of a request for a sequence. */
export type Accepted = { mistakes: string[] } | { id: string; state: SequenceState; isNew: boolean };

/** Pause of who needs a server that is away. */
const AWAY_MS = 1_000;
/** How long the end of the host waits for steps that are under way. */
const PATIENCE_MS = 5_000;

/** The sequences of this process. */
export class Sequences {
  private readonly works = new Map<string, Work>();
  /** Those that are being written, or may have been, or have no place in their chat yet. */
  private readonly accepting = new Set<string>();
  private readonly takenOver: TakenOver;
  private readonly running = new Set<Promise<void>>();
  private readonly stopping = new AbortController();
  private readonly abandoning = new AbortController();
  private readonly begun = createWaker();
  private stopUpkeep: () => Promise<void> = () => Promise.resolve();
  private runningCount = 0;

  constructor(private readonly options: SequencesOptions) {
    this.takenOver = new TakenOver({
      ...options,
      queued: () => this.works.values(),
      accepting: () => this.accepting,
      queue: (work) => this.queue(work, options.openTurn(work.instance, work.chat, { isHigh: true, isOwed: true })),
    });
  }

  start(): void {
    const { store, owner, retentionDays, clock, log } = this.options;
    this.stopUpkeep = startUpkeep({
      store,
      owner,
      retentionDays,
      begun: this.begun,
      isBusy: () => this.runningCount + this.takenOver.size > 0,
      cancel: (id) => this.cancelled(id),
      clock,
      log,
    });
  }

  /**
   * Takes a place in the chat's queue, writes the sequence down, and runs it when its turn comes.
   *
   * @throws GuardError GUARD_SEQUENCE_INSTANCE, GUARD_SEQUENCE_KEY, GUARD_SENDS_FULL; errors of the database as they come.
   */
  async accept(given: unknown): Promise<Accepted> {
    const { checks, isGuarded, openTurn, store, owner } = this.options;
    const read = readDefinition(given, checks);
    if ('mistakes' in read) return read;
    const { definition, chat } = read;
    const { instance, priority, idempotencyKey } = definition;
    if (!isGuarded(instance)) throw new GuardError('GUARD_SEQUENCE_INSTANCE', `It was "${instance}".`);
    const isHigh = priority === 'high';
    // A bot opens its turn with its first message: one that waits for it must not stand before that.
    const turn = definition.after === 'bot' ? undefined : openTurn(instance, chat, { isHigh, isOwed: false });
    const sequence: NewSequence = {
      id: uuidv7(),
      instance,
      chat,
      isHigh,
      definition: JSON.stringify(definition),
      definitionHash: hashOf(definition),
      steps: newStepRecords(definition),
      ...(idempotencyKey !== undefined && { idempotencyKey }),
    };
    let kept: SequenceRecord;
    this.accepting.add(sequence.id);
    try {
      kept = await store.accept(owner, sequence);
    } catch (error) {
      void turn?.end();
      this.keepTrack(this.forget(sequence.id));
      throw error;
    }
    const { id, state } = kept;
    if (turn || id !== sequence.id) this.accepting.delete(sequence.id);
    if (id !== sequence.id) {
      void turn?.end();
      if (kept.definitionHash !== sequence.definitionHash) {
        throw new GuardError('GUARD_SEQUENCE_KEY', `It is that of sequence ${id}.`);
      }
      return { id, state, isNew: false };
    }
    if (turn) this.queue(workOf(kept), turn);
    else void this.queueAfterBots(kept, isHigh);
    return { id, state, isNew: true };
  }

  /** At the end of the host it is left to the next start, as every sequence that waits. */
  private async queueAfterBots(kept: SequenceRecord, isHigh: boolean): Promise<void> {
    const { botsSettled, openTurn } = this.options;
    await botsSettled(kept.instance, kept.chat);
    if (this.stopping.signal.aborted) return;
    this.queue(workOf(kept), openTurn(kept.instance, kept.chat, { isHigh, isOwed: true }));
    this.accepting.delete(kept.id);
  }

  /** @returns what it is then; nothing if there is none. */
  async cancel(id: string): Promise<SequenceRecord | undefined> {
    const record = await this.options.store.cancel(id);
    if (record?.isCancelling) this.cancelled(id);
    return record;
  }

  /** WhatsApp has said something about a send. */
  acknowledged(sendId: string): void {
    this.options.ears.hear(sendId);
  }

  /** An instance may be connected by now: what waited for that comes before what is sent from now on. */
  release(instance: string): void {
    this.takenOver.release(instance);
  }

  /**
   * Stands before the taking over of sends: takes sequences over first, and keeps the sends that are theirs, or come after
   * them in their chat.
   */
  inFrontOf(adopt: Adopt): Adopt {
    return (...given) => this.takenOver.adopt(adopt, ...given);
  }

  /** Steps that are under way may end; nothing more begins. What is open is taken up by another process, or the next start. */
  async stop(): Promise<void> {
    this.stopping.abort();
    const patience = setTimeout(() => this.abandoning.abort(), PATIENCE_MS);
    const late = new Promise((resolve) => this.abandoning.signal.addEventListener('abort', resolve));
    await Promise.race([Promise.all(this.running), late]);
    clearTimeout(patience);
    this.takenOver.stop();
    await this.stopUpkeep();
  }

  private queue(work: Work, turn: Turn): void {
    this.works.set(work.id, work);
    // Not awaited by stop while it waits for its turn: it will find that nothing may begin any more.
    void turn
      .run(() => Promise.resolve())
      .then(() => this.keepTrack(this.runInTurn(work, turn)))
      .catch((error: unknown) => this.options.log.error({ detail: describe(error) }, 'a sequence could not be run'));
  }

  private async runInTurn(work: Work, turn: Turn): Promise<void> {
    const { options, stopping, abandoning } = this;
    const { store, owner, random, log, metrics, settle } = options;
    const waits = new Waits(stopping.signal, abandoning.signal, work.cancelling.signal, random, log);
    this.runningCount += 1;
    metrics.sequencesRunning.inc();
    this.begun.wake();
    try {
      const sequence = await waits.until(() => store.begin(owner, work.id));
      await settle(work.key);
      if (!sequence) await this.countCancelled(work, waits);
      else await new SequenceRun(sequence, { work, turn }, waits, options).run();
      await this.makeLeft(work, waits);
    } catch (error) {
      const reason = error instanceof Interruption ? error.reason : describe(error);
      const level = error instanceof Interruption ? 'info' : 'error';
      log[level]({ sequenceId: work.id, reason }, 'a sequence is left to whoever has it next');
      await this.makeLeft(work, waits).catch(() => undefined); // this process ends
    } finally {
      this.works.delete(work.id);
      this.runningCount -= 1;
      metrics.sequencesRunning.dec();
      await turn.end();
    }
  }

  /** What came after it in its chat, and was taken over together with it. */
  private async makeLeft(work: Work, waits: Waits): Promise<void> {
    for (let [send] = work.left; send; [send] = work.left) {
      waits.checkStopping();
      const error = await this.options.makeAgain(send, work.key);
      if (isAway(error)) await waits.sleepUncancelled(AWAY_MS);
      else work.left = work.left.filter((each) => each !== send);
    }
    this.works.delete(work.id); // at once: it would be given more
  }

  /** One that waits is cancelled in the database only, by whoever. */
  private async countCancelled({ id }: Work, waits: Waits): Promise<void> {
    const { store, owner, metrics } = this.options;
    const record = await waits.until(() => store.find(id));
    if (record?.owner === owner && record.state === 'cancelled') metrics.sequencesEnded.inc({ outcome: 'cancelled' });
  }

  private cancelled(id: string): void {
    this.works.get(id)?.cancelling.abort();
    // A failure is repeated with the next look.
    if (this.takenOver.has(id)) this.keepTrack(this.takenOver.cancel(id));
  }

  /** Whether it was written is not known, and its caller was told that it was not accepted. */
  private async forget(id: string): Promise<void> {
    const { store, random } = this.options;
    for (let attempt = 0; !this.stopping.signal.aborted; attempt += 1) {
      await sleep(backoffMs(attempt, random), this.stopping.signal);
      const isDone = await store.cancel(id).then(
        () => true,
        () => false,
      );
      if (isDone) return void this.accepting.delete(id);
    }
  }

  private keepTrack(work: Promise<void>): void {
    const tracked = work
      .catch((error: unknown) => this.options.log.error({ detail: describe(error) }, 'a sequence could not be run'))
      .finally(() => this.running.delete(tracked));
    this.running.add(tracked);
  }
}
