import type { ChangeOptions, Chosen, EventFilter, Stretch } from '../dead-letters';
import { changeChosen } from './change-chosen';
import { asChosen, choose, CHOSEN, type ChosenRow } from './choose-events';
import type { MysqlPool } from './pool';

/**
 * Makes delivered rows pending again: same seq, event id and place in their chat.
 *
 * In: filter, stretch, whether to change anything. Out: the rows chosen, by seq.
 * Locks: those rows and their outbox rows, in the order of seq. None in a dry run.
 */
export async function replayDelivered(
  pool: MysqlPool,
  schema: string,
  filter: EventFilter,
  stretch: Stretch,
  { dryRun }: ChangeOptions,
): Promise<Chosen[]> {
  const columns = { sql: `${CHOSEN}, 0 AS tooLarge`, values: [] };
  const chosen = choose(schema, 'delivered', columns, filter, stretch);
  const rows = await changeChosen<ChosenRow>(pool, chosen, dryRun, (found) => {
    const seqs = found.map(({ seq }) => seq);
    return [
      {
        sql: `INSERT INTO ${schema}_pending (seq, sink, receiver_key, partition_no, chat_key, payload_bytes)
              SELECT seq, sink, receiver_key, partition_no, chat_key, payload_bytes
              FROM ${schema}_outbox WHERE seq IN (?)`,
        values: [seqs],
      },
      { sql: `DELETE FROM ${schema}_delivered WHERE seq IN (?)`, values: [seqs] },
    ];
  });
  return rows.map(asChosen);
}
