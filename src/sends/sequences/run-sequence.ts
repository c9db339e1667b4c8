import { v7 as uuidv7 } from 'uuid';
import { backoffMs } from '../../core/backoff';
import { GuardError } from '../../core/errors';
import type { OpenSequence, SequenceEnd, StepRecord } from '../../stores/sequence-store';
import type { Definition, Step } from './definition';
import { runHttp } from './http-step';
import { Interruption, type Waits } from './waits';
import { reportFailure } from './report-failure';
import type { Running, RunParts, StepEnd } from './run-parts';
import { runSend } from './send-step';
import { remainingMs, runWait } from './wait-step';

type Failure = Extract<StepEnd, { kind: 'failed' }>;

/** The longest pause between two attempts, whatever the step or its receiver asks for. */
const MOST_PAUSE_MS = 3_600_000;
/** Between looks whether a server that is needed is back. */
const MOST_AWAY_MS = 5_000;
const MOST_DETAIL = 500;

/** Runs the steps of one sequence from where it stands, in the turn of its chat. */
export class SequenceRun {
  private readonly definition: Definition;
  private readonly steps: StepRecord[];
  private position: number;

  constructor(
    private readonly sequence: OpenSequence,
    private readonly running: Running,
    private readonly waits: Waits,
    private readonly parts: RunParts,
  ) {
    this.definition = JSON.parse(sequence.definition) as Definition;
    this.steps = sequence.steps;
    this.position = sequence.position;
  }

  /** Resolves when it has ended. @throws Interruption where it is not for this process to end it. */
  async run(): Promise<void> {
    try {
      if (this.sequence.isCancelling) throw new Interruption('cancelled');
      for (; this.position < this.steps.length; this.position += 1) {
        const failed = await this.runStep();
        if (failed) return await this.fail(failed);
      }
      await this.end({ state: 'done' });
    } catch (error) {
      if (!(error instanceof Interruption && error.reason === 'cancelled')) throw error;
      const { state } = this.steps[this.position] ?? {};
      if (state === 'running') this.note({ state: 'cancelled' });
      await this.end({ state: 'cancelled' });
    }
  }

  /** @returns the step, if no attempt had success. */
  private async runStep(): Promise<StepRecord | undefined> {
    const [step, record] = [this.definition.steps[this.position], this.steps[this.position]];
    if (!step || !record) throw new Error(`sequence ${this.sequence.id} has no step ${this.position}`);
    // Its process ended while the failure was reported.
    if (record.state === 'failed') return record;
    let isResumed = record.state === 'running';
    // Whoever makes a send that was left needs the chat, and may be another process.
    if (isResumed && !('send' in step)) await this.holdChat();
    for (let aways = 0; ;) {
      if (!isResumed) await this.beginAttempt(step, record);
      const end = await this.attempt(step, record, isResumed);
      isResumed = false;
      if (end.kind === 'done') {
        const { messageId, httpStatus } = end;
        delete record.code;
        delete record.detail;
        this.note({ state: 'done', endedAt: this.parts.clock.now() });
        if (messageId !== undefined) this.note({ messageId });
        if (httpStatus !== undefined) this.note({ httpStatus });
        this.observe(record);
        return undefined;
      }
      if (this.waits.abandoning.aborted) this.waits.checkStopping();
      if (end.kind === 'away') {
        this.note({ attempts: record.attempts - 1, detail: end.detail.slice(0, MOST_DETAIL) });
        await this.waits.sleep(backoffMs(aways, this.parts.random, 100, MOST_AWAY_MS));
        aways += 1;
        continue;
      }
      const { code, httpStatus } = end;
      const why = { code, detail: end.detail.slice(0, MOST_DETAIL), ...(httpStatus !== undefined && { httpStatus }) };
      if (end.mayRepeat && record.attempts < attemptsOf(step)) {
        this.note(why);
        await this.waits.sleep(this.pauseMs(step, record, end));
        continue;
      }
      this.note({ ...why, state: 'failed', endedAt: this.parts.clock.now() });
      this.observe(record);
      return record;
    }
  }

  /** Writes down what is about to be done, before anything of it can be seen outside. */
  private async beginAttempt(step: Step, record: StepRecord): Promise<void> {
    this.waits.check();
    await this.holdChat();
    const before = { ...record };
    const sendId = 'send' in step ? uuidv7() : undefined;
    this.note({
      state: 'running',
      attempts: record.attempts + 1,
      startedAt: record.startedAt ?? this.parts.clock.now(),
      ...(sendId !== undefined && { sendId }),
    });
    if ((await this.write()) === 'cancelling') {
      this.steps[this.position] = before;
      throw new Interruption('cancelled');
    }
  }

  private async holdChat(): Promise<void> {
    const { parts, waits, running } = this;
    await waits.until(() => parts.hold(running.work.key, waits.signal).finally(() => waits.check()));
  }

  private async attempt(step: Step, record: StepRecord, isResumed: boolean): Promise<StepEnd> {
    const { parts, waits, running, sequence } = this;
    const { startedAt = parts.clock.now(), sendId = '' } = record;
    if ('send' in step) {
      running.work.sendId = sendId;
      const { chat: number } = this.definition;
      return runSend(parts, running, step, { sendId, number, isResumed }, waits);
    }
    if ('http' in step) {
      const place = { sequenceId: sequence.id, index: this.position };
      return runHttp(parts.http, step, place, waits.abandoning);
    }
    if ('waitFor' in step) return runWait({ ...parts, waits }, step, this.lastSendId(), startedAt);
    await waits.sleep(Math.max(0, remainingMs(startedAt, step.delayMs, parts.clock)));
    return { kind: 'done' };
  }

  private lastSendId(): string {
    const sends = this.steps.slice(0, this.position).filter(({ sendId }) => sendId !== undefined);
    return sends.at(-1)?.sendId ?? '';
  }

  private pauseMs(step: Step, { attempts }: StepRecord, { afterMs = 0 }: Failure): number {
    const firstMs = 'retry' in step ? step.retry.backoffMs : 0;
    return Math.min(
      MOST_PAUSE_MS,
      Math.max(afterMs, backoffMs(attempts - 1, this.parts.random, firstMs, MOST_PAUSE_MS)),
    );
  }

  private async fail({ code = 'GUARD_SEQUENCE_HTTP', detail = '' }: StepRecord): Promise<void> {
    const { parts, waits, sequence, position: step } = this;
    const { id: sequenceId, instance, chat } = sequence;
    const { onError } = this.definition;
    await this.write();
    if (onError) await reportFailure(parts, onError.url, { sequenceId, instance, chat, step, code, detail }, waits);
    const about = { code, sequenceId, instance, step };
    parts.log.warn(about, new GuardError(code, `Sequence ${sequenceId}, step ${step}: ${detail}`).message);
    await this.end({ state: 'failed', code, detail });
  }

  private note(news: Partial<StepRecord>): void {
    const record = this.steps[this.position];
    if (record) Object.assign(record, news);
  }

  private observe({ kind, startedAt = 0, endedAt = 0 }: StepRecord): void {
    this.parts.metrics.sequenceStepSeconds.observe({ kind }, Math.max(0, endedAt - startedAt) / 1000);
  }

  private async write(): Promise<'going' | 'cancelling'> {
    const { parts, position, steps, sequence } = this;
    const fate = await this.waits.until(() => parts.store.progress(parts.owner, sequence.id, { position, steps }));
    if (fate === 'lost') throw new Interruption('lost');
    return fate;
  }

  private async end(how: Pick<SequenceEnd, 'state' | 'code' | 'detail'>): Promise<void> {
    const { parts, position, steps, sequence } = this;
    const end = { ...how, position, steps };
    const isOurs = await this.waits.until(() => parts.store.end(parts.owner, sequence.id, end));
    if (!isOurs) throw new Interruption('lost');
    parts.metrics.sequencesEnded.inc({ outcome: how.state });
  }
}

const attemptsOf = (step: Step) => ('retry' in step ? step.retry.attempts : 1);
