import type { SequenceRecord, StepRecord } from '../stores/sequence-store';

/** A step as operators and programs are told of it: times in ISO 8601, null where it has not happened. */
export interface StepAnswer extends Omit<StepRecord, 'startedAt' | 'endedAt'> {
  startedAt: string | null;
  endedAt: string | null;
}

/** A sequence likewise. Never what was sent. */
export interface SequenceAnswer extends Omit<SequenceRecord, 'definitionHash' | 'isHigh' | 'steps' | Time> {
  priority: 'normal' | 'high';
  steps: StepAnswer[];
  acceptedAt: string;
  startedAt: string | null;
  endedAt: string | null;
}

type Time = 'acceptedAt' | 'startedAt' | 'endedAt';

export interface SequencePage {
  sequences: SequenceAnswer[];
  /** `before` of the following page. */
  next: number | null;
}

const iso = (at: number) => new Date(at).toISOString();
const isoOrNull = (at: number | null | undefined) => (at == null ? null : iso(at));

export function sequenceAnswer(record: SequenceRecord): SequenceAnswer {
  const { seq, id, instance, chat, isHigh, state, position, isCancelling, owner, idempotencyKey, code, detail } =
    record;
  return {
    seq,
    id,
    instance,
    chat,
    priority: isHigh ? 'high' : 'normal',
    state,
    position,
    isCancelling,
    owner,
    idempotencyKey,
    code,
    detail,
    acceptedAt: iso(record.acceptedAt),
    startedAt: isoOrNull(record.startedAt),
    endedAt: isoOrNull(record.endedAt),
    steps: record.steps.map(({ startedAt, endedAt, ...step }) => ({
      ...step,
      startedAt: isoOrNull(startedAt),
      endedAt: isoOrNull(endedAt),
    })),
  };
}

export function sequencePage(records: readonly SequenceRecord[], limit: number): SequencePage {
  const next = records.length === limit ? (records.at(-1)?.seq ?? null) : null;
  return { sequences: records.map(sequenceAnswer), next };
}
