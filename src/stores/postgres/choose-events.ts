import type { Chosen, EventFilter, Stretch } from '../dead-letters';

/** The number of parameters that `choose` takes; those of a statement around it follow. */
export const CHOOSE_PARAMETERS = 11;

/**
 * The first rows of a stretch that are in a state and fit a filter, by seq: what listing, redriving, discarding and
 * replaying have in common, so that what is listed is also what is changed.
 */
export const choose = (schema: string, state: 'dead_letter' | 'delivered', columns: string) => `
SELECT ${columns} FROM "${schema}".${state} AS state JOIN "${schema}".outbox USING (seq)
WHERE seq > $1 AND seq <= $2
  AND ($4::uuid[] IS NULL OR event_id = ANY($4))
  AND ($5::text IS NULL OR sink = $5)
  AND ($6::text IS NULL OR instance = $6)
  AND ($7::text IS NULL OR chat = $7)
  AND ($8::text IS NULL OR event = $8)
  ${state === 'dead_letter' ? "AND ($9::text IS NULL OR starts_with(last_error, $9 || ':'))" : 'AND $9::text IS NULL'}
  AND ($10::bigint IS NULL OR captured_at >= to_timestamp($10 / 1000.0))
  AND ($11::bigint IS NULL OR captured_at < to_timestamp($11 / 1000.0))
ORDER BY seq LIMIT $3`;

export function chooseValues(filter: EventFilter, { afterSeq, throughSeq, rows }: Stretch): unknown[] {
  const { eventIds, sink, instance, chat, event, code, from, to } = filter;
  const conditions = [eventIds, sink, instance, chat, event, code, from, to].map((value) => value ?? null);
  return [afterSeq, throughSeq, rows, ...conditions];
}

export interface ChosenRow {
  seq: string;
  event_id: string;
  payload_bytes: number;
  too_large: boolean;
}

export const asChosen = (row: ChosenRow): Chosen => ({
  seq: Number(row.seq),
  eventId: row.event_id,
  payloadBytes: row.payload_bytes,
  tooLarge: row.too_large,
});
