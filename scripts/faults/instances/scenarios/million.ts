import { setTimeout as sleep } from 'node:timers/promises';
import { rowsLost } from '../losses';
import type { Scenario, Stage } from '../scenario';
import type { Sql } from '../sql';

/** Messages of the other instance. */
const OTHERS = 20_000;
/** One query in so long, and so long it is measured before the purge. */
const [EVERY_MS, BEFORE_MS] = [10, 5_000];

/** An instance with very many messages is deleted, and purged while somebody works with another one. */
export const million = (messages?: number, beforeMs = BEFORE_MS): Scenario => ({
  name: 'million',
  database: 'postgres',
  alsoStock: false,
  async run(stage) {
    const { estate, sql, sizes, settled, note } = stage;
    const count = messages ?? sizes.messages;
    const [id = ''] = await estate.fill('big', 1, { messages: count, isPaired: true });
    const [other = ''] = await estate.fill('other', 1, { messages: OTHERS, isPaired: true });
    await sql.query('VACUUM ANALYZE');
    const before = await estate.count();
    const host = await stage.host();
    const { ms } = await host.ask('delete', { name: id });
    note(`${count.toLocaleString('en-US')} messages: the delete was answered after ${ms.toFixed(0)} ms`);
    await settled();

    const load = startLoad(sql, other);
    await sleep(beforeMs);
    const alone = load.take();
    const from = performance.now();
    await host.ask('purge', { id });
    await untilPurged(stage);
    const seconds = (performance.now() - from) / 1000;
    const beside = load.take();
    await load.stop();
    note(
      `the purge took ${seconds.toFixed(1)} s; another instance's queries, before and meanwhile: ${told(alone, beside)}`,
    );
    const after = await estate.count();
    if (after.has(id)) throw new Error('rows of a purged instance are there');
    return { logouts: 1, instancesLost: after.has(other) ? 0 : 1, rowsLost: rowsLost([other], before, after) };
  },
});

/** It takes longer than other work. */
async function untilPurged({ store }: Stage): Promise<void> {
  while ((await store.operations()).length > 0) await sleep(20);
}

/** What a host does for an instance: reads its latest messages, and adds one. */
function startLoad(sql: Sql, id: string) {
  let times: number[] = [];
  let number = 0;
  const running = new Set<Promise<void>>();
  const one = async () => {
    const from = performance.now();
    const place = (number += 1);
    await sql.query(`SELECT * FROM "Message" WHERE "instanceId" = ? AND "id" > ? ORDER BY "id" LIMIT 20`, [id, `${id}-${place}`]); // prettier-ignore
    await sql.query(
      `INSERT INTO "Message" ("id", "key", "message", "messageTimestamp", "instanceId") VALUES (?, '{}', '{}', 1, ?)`,
      [`new-${place}`, id],
    );
    times.push(performance.now() - from);
  };
  const timer = setInterval(() => {
    const work: Promise<void> = one().finally(() => running.delete(work));
    running.add(work);
  }, EVERY_MS);
  return {
    /** @returns the milliseconds of all since the last call, the shortest first. */
    take() {
      const taken = times.sort((a, b) => a - b);
      times = [];
      return taken;
    },
    async stop() {
      clearInterval(timer);
      await Promise.all(running);
    },
  };
}

function told(alone: readonly number[], beside: readonly number[]): string {
  const of = (times: readonly number[], share: number) => times[Math.floor(times.length * share)] ?? 0;
  const figures = [0.5, 0.95].map((share) => {
    const [before, meanwhile] = [of(alone, share), of(beside, share)];
    return `p${share * 100} ${before.toFixed(1)} and ${meanwhile.toFixed(1)} ms (${(meanwhile / before).toFixed(2)} times)`;
  });
  return figures.join(', ');
}
