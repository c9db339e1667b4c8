import type { Chosen, EventFilter, RedriveOptions, Stretch } from '../dead-letters';
import { changeChosen } from './change-chosen';
import { asChosen, choose, CHOSEN, reasonBegins, type ChosenRow } from './choose-events';
import type { MysqlPool } from './pool';

/**
 * Makes dead letters pending again: same seq, event id and place in their chat; the reason is kept, attempts count anew.
 *
 * In: filter, stretch, limit of bytes, whether to change anything. Out: the rows chosen, by seq.
 * Locks: those rows and their outbox rows, in the order of seq, so that two redrives never wait in a circle. None in a
 * dry run.
 */
export async function redriveDead(
  pool: MysqlPool,
  schema: string,
  filter: EventFilter,
  stretch: Stretch,
  { dryRun, maxBytes }: RedriveOptions,
): Promise<Chosen[]> {
  // The relay does not look at sizes, so what was parked for its size is looked at here.
  const large = reasonBegins('GUARD_EVENT_TOO_LARGE');
  const columns = {
    sql: `${CHOSEN}, (${large.sql} AND o.payload_bytes > ?) AS tooLarge`,
    values: [...large.values, maxBytes],
  };
  const chosen = choose(schema, 'dead_letter', columns, filter, stretch);
  const rows = await changeChosen<ChosenRow>(pool, chosen, dryRun, (found) => {
    const seqs = found.filter(({ tooLarge }) => tooLarge === 0).map(({ seq }) => seq);
    if (seqs.length === 0) return [];
    return [
      {
        sql: `INSERT INTO ${schema}_pending
                (seq, sink, receiver_key, partition_no, chat_key, payload_bytes, last_error)
              SELECT o.seq, o.sink, o.receiver_key, o.partition_no, o.chat_key, o.payload_bytes, d.last_error
              FROM ${schema}_dead_letter AS d JOIN ${schema}_outbox AS o ON o.seq = d.seq WHERE d.seq IN (?)`,
        values: [seqs],
      },
      { sql: `DELETE FROM ${schema}_dead_letter WHERE seq IN (?)`, values: [seqs] },
    ];
  });
  return rows.map(asChosen);
}
