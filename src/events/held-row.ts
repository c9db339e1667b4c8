import type { NewOutboxRow, PendingRow, WrittenPlace } from '../stores/outbox-store';

/** A waiting row, the epoch of the lease that it is held under, and who receives it at present. */
export interface HeldRow extends PendingRow {
  epoch: number;
  receiver: number;
}

/** Field by field: a spread costs a third of all that happens to an event between its capture and its publish. */
export const heldRow = (row: NewOutboxRow, place: WrittenPlace, epoch: number, receiver: number): HeldRow => ({
  seq: place.seq,
  eventId: row.eventId,
  sink: row.sink,
  receiverKey: row.receiverKey,
  partition: row.partition,
  chatKey: row.chatKey,
  instance: row.instance,
  chat: row.chat,
  chatSequence: place.chatSequence,
  event: row.event,
  target: row.target,
  payload: row.payload,
  payloadBytes: row.payloadBytes,
  capturedAt: row.capturedAt,
  attempts: 0,
  epoch,
  receiver,
});
