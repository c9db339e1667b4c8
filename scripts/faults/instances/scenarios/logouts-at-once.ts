import { Archive } from '../../../../src/instances/archive';
import type { Credentials } from '../../../../src/stores/credentials';
import { textsOf } from '../credential-texts';
import { notLoaded, rowsLost, untilOpen } from '../losses';
import type { Scenario, Stage } from '../scenario';
import { until } from '../until';

/** By then all of them are to be reset. */
const MOST_SECONDS = 30;

/** The phones of all instances remove their devices at the same moment. */
export const logoutsAtOnce = (count?: number): Scenario => ({
  name: 'logouts-at-once',
  database: 'postgres',
  alsoStock: false,
  async run(stage) {
    const { estate, whatsApp, credentials, sizes, settled, note } = stage;
    const ids = await estate.fill('shop', count ?? sizes.logouts, { messages: 2, isPaired: true });
    const before = await estate.count();
    const host = await stage.host();
    await untilOpen(stage, ids);
    const known = await textsOf((id) => credentials.read(id), ids);

    const from = performance.now();
    for (const id of ids) whatsApp.revoke(id);
    await until('the sessions of all are reset', async () => (await sessions(stage)) === 0);
    await settled();
    const seconds = (performance.now() - from) / 1000;
    note(`${ids.length} logouts were done after ${seconds.toFixed(1)} s`);
    if (seconds > MOST_SECONDS) throw new Error(`they took more than ${MOST_SECONDS} s`);

    const archived = await textsOf((id) => newestArchive(stage, id), ids);
    const different = ids.filter((id) => archived.get(id) !== known.get(id));
    const [gone, after] = [await notLoaded(ids, host), await estate.count()];
    if (different.length > 0) note(`${different.length} archives are not what was there before`);
    return {
      logouts: ids.length,
      instancesLost: new Set([...gone, ...different]).size,
      rowsLost: rowsLost(ids, before, after),
    };
  },
});

async function sessions({ sql }: Stage): Promise<number> {
  const [row] = await sql.query<{ number: number | string }>(`SELECT COUNT(*) AS number FROM "Session"`);
  return Number(row?.number);
}

async function newestArchive({ store }: Stage, id: string): Promise<Credentials | undefined> {
  const [newest] = await store.archives(id);
  return newest && new Archive({ store, key: undefined }).read(newest.id);
}
