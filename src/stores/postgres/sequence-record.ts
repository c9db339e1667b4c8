import type { SequenceRecord, StepRecord } from '../sequence-store';

/** Names as in SequenceRecord; `s` is the table sequence. */
export const RECORD = `s.seq, s.id, s.instance, s.chat, s.is_high AS "isHigh", s.state, s.position, s.steps,
  s.is_cancelling AS "isCancelling", s.owner, s.idempotency_key AS "idempotencyKey",
  s.definition_hash AS "definitionHash", s.code, s.detail, s.accepted_at AS "acceptedAt", s.started_at AS "startedAt",
  s.ended_at AS "endedAt"`;

/** As the driver gives it. */
export type RecordRow = Omit<SequenceRecord, 'seq' | 'steps' | 'acceptedAt' | 'startedAt' | 'endedAt'> & {
  seq: string;
  steps: string;
  acceptedAt: Date;
  startedAt: Date | null;
  endedAt: Date | null;
};

export const asRecord = (row: RecordRow): SequenceRecord => ({
  ...row,
  seq: Number(row.seq),
  steps: JSON.parse(row.steps) as StepRecord[],
  acceptedAt: row.acceptedAt.getTime(),
  startedAt: row.startedAt?.getTime() ?? null,
  endedAt: row.endedAt?.getTime() ?? null,
});
