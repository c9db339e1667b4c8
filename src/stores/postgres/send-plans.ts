/** As many plans of a statement as a connection keeps; by then the tables are large. */
const MOST_PLANS = 9;

/**
 * Names for statements whose plans the server may keep. A plan that was made for an almost empty table reads all of it,
 * and is kept while the table grows, until the server has looked at that anew: so a statement gets another name, and with
 * it another plan, whenever it has run four times as often.
 *
 * @param prepared whether the server may keep plans at all.
 * @returns a name for the next run of a statement, or nothing.
 */
export function planNames(prepared: boolean): (statement: string) => { name?: string } {
  const runs = new Map<string, number>();
  return (statement) => {
    if (!prepared) return {};
    const run = (runs.get(statement) ?? 0) + 1;
    runs.set(statement, run);
    return { name: `guard-${statement}-${Math.min(MOST_PLANS, Math.ceil((Math.log2(run) + 1) / 2))}` };
  };
}

export type PlanNames = ReturnType<typeof planNames>;

/**
 * A batch as a table, from parameters that hold a column each; `position` counts from 1. The server does not see how long
 * they are: it would think a plan for just this many rows better, and make one anew each time, which costs more than to run
 * it.
 *
 * @param first number of the first parameter.
 * @param columns names and types.
 */
export function batchOf(first: number, columns: Record<string, string>): string {
  const names = Object.keys(columns);
  const hidden = Object.values(columns).map((type, index) => `$${first + index}::${type}[] AS column${index}`);
  return `SELECT t.* FROM (SELECT ${hidden.join()} OFFSET 0) AS batch
  CROSS JOIN LATERAL unnest(${names.map((_, index) => `column${index}`).join()}) WITH ORDINALITY AS t(${names.join()}, position)`;
}
