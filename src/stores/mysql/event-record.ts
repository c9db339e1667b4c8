import type { EventRecord } from '../dead-letters';

/** What the outbox says of an event, under the names of EventRecord; `o` is the outbox. */
export const RECORD = `o.seq, o.event_id AS eventId, o.sink, o.instance, o.chat, o.chat_sequence AS chatSequence,
  o.event, o.payload_bytes AS payloadBytes, o.captured_at AS capturedAt`;

/** As the driver gives it: times are milliseconds since 1970. */
export type RecordRow = Omit<EventRecord, 'capturedAt' | 'deliveredAt' | 'deadAt'> & {
  capturedAt: number;
  deliveredAt: number | null;
  deadAt: number | null;
};

export const asRecord = ({ capturedAt, deliveredAt, deadAt, ...row }: RecordRow): EventRecord => ({
  ...row,
  capturedAt: new Date(capturedAt),
  deliveredAt: deliveredAt === null ? null : new Date(deliveredAt),
  deadAt: deadAt === null ? null : new Date(deadAt),
});
