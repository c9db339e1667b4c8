import type { SequenceRecord, StepRecord } from '../sequence-store';

/** Names as in SequenceRecord; `s` is the table sequence. */
export const RECORD = `s.seq, s.id, s.instance, s.chat, s.is_high AS isHigh, s.state, s.position, s.steps,
  s.is_cancelling AS isCancelling, s.owner, s.idempotency_key AS idempotencyKey, s.definition_hash AS definitionHash,
  s.code, s.detail, s.accepted_at AS acceptedAt, s.started_at AS startedAt, s.ended_at AS endedAt`;

/** As the driver gives it. */
export type RecordRow = Omit<SequenceRecord, 'steps' | 'isHigh' | 'isCancelling'> & {
  steps: string;
  isHigh: number;
  isCancelling: number;
};

export const asRecord = (row: RecordRow): SequenceRecord => ({
  ...row,
  steps: JSON.parse(row.steps) as StepRecord[],
  isHigh: Boolean(row.isHigh),
  isCancelling: Boolean(row.isCancelling),
});
