import type { Chosen, EventFilter, Stretch } from '../dead-letters';
import type { Statement } from './transact';

/**
 * The first rows of a stretch that are in a state and fit a filter, by seq: what listing, redriving, discarding and
 * replaying have in common, so that what is listed is also what is changed.
 */
export function choose(
  schema: string,
  state: 'dead_letter' | 'delivered',
  columns: Statement,
  filter: EventFilter,
  { afterSeq, throughSeq, rows }: Stretch,
): Statement {
  const conditions = conditionsOf(filter, state);
  return {
    sql: `SELECT ${columns.sql} FROM ${schema}_${state} AS known JOIN ${schema}_outbox AS o ON o.seq = known.seq
          WHERE ${['known.seq > ?', 'known.seq <= ?', ...conditions.map(({ sql }) => sql)].join(' AND ')}
          ORDER BY known.seq LIMIT ?`,
    values: [...columns.values, afterSeq, throughSeq, ...conditions.flatMap(({ values }) => values), rows],
  };
}

/** Every field that is set, as a condition. Reasons begin with their code; only dead letters have one. */
function conditionsOf(filter: EventFilter, state: 'dead_letter' | 'delivered'): Statement[] {
  const { eventIds, sink, instance, chat, event, code, from, to } = filter;
  const fields: [string, unknown][] = [
    ['o.event_id IN (?)', eventIds],
    ['o.sink = ?', sink],
    ['o.instance = ?', instance],
    ['o.chat = ?', chat],
    ['o.event = ?', event],
    ['o.captured_at >= ?', from],
    ['o.captured_at < ?', to],
  ];
  const set = fields.filter(([, value]) => value !== undefined).map(([sql, value]) => ({ sql, values: [value] }));
  if (code === undefined) return set;
  return [...set, state === 'dead_letter' ? reasonBegins(code) : { sql: 'FALSE', values: [] }];
}

/** Not LIKE: codes have underscores, which mean any character there. */
export const reasonBegins = (code: string): Statement => ({
  sql: 'LEFT(known.last_error, ?) = ?',
  values: [code.length + 1, `${code}:`],
});

/** The columns of what is chosen to be changed. */
export const CHOSEN = 'known.seq, o.event_id AS eventId, o.payload_bytes AS payloadBytes';

/** Comparisons come as numbers. */
export type ChosenRow = Omit<Chosen, 'tooLarge'> & { tooLarge: number };
export const asChosen = (row: ChosenRow): Chosen => ({ ...row, tooLarge: row.tooLarge === 1 });
