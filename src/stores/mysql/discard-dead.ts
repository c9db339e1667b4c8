import type { ChangeOptions, Chosen, EventFilter, Stretch } from '../dead-letters';
import { asChosen, choose, CHOSEN, type ChosenRow } from './choose-events';
import { changeChosen } from './change-chosen';
import type { MysqlPool } from './pool';

/**
 * Deletes dead letters, and nothing that is pending or delivered: also not what a redrive makes pending meanwhile.
 *
 * In: filter, stretch, whether to change anything. Out: the rows chosen, by seq.
 * Locks: those rows and their outbox rows, in the order of seq. None in a dry run.
 */
export async function discardDead(
  pool: MysqlPool,
  schema: string,
  filter: EventFilter,
  stretch: Stretch,
  { dryRun }: ChangeOptions,
): Promise<Chosen[]> {
  const columns = { sql: `${CHOSEN}, 0 AS tooLarge`, values: [] };
  const chosen = choose(schema, 'dead_letter', columns, filter, stretch);
  const rows = await changeChosen<ChosenRow>(pool, chosen, dryRun, (discarded) => {
    const seqs = discarded.map(({ seq }) => seq);
    return ['dead_letter', 'payload_part', 'outbox'].map((table) => ({
      sql: `DELETE FROM ${schema}_${table} WHERE seq IN (?)`,
      values: [seqs],
    }));
  });
  return rows.map(asChosen);
}
