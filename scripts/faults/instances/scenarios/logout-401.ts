import type { DatabaseName } from '../../database-server';
import { notConnectable, notLoaded, rowsLost, untilIn, untilOpen, untilReset } from '../losses';
import type { Scenario } from '../scenario';

/** Phones remove their devices, the host is restarted, and every instance is connected again. */
export const logout401 = (database: DatabaseName = 'postgres', count = 20, messages = 200): Scenario => ({
  name: database === 'postgres' ? 'logout-401' : 'mariadb-logout-401',
  database,
  alsoStock: database === 'postgres',
  async run(stage) {
    const { estate, whatsApp, settled, note } = stage;
    const ids = await estate.fill('shop', count, { messages, isPaired: true });
    const before = await estate.count();
    const host = await stage.host();
    await untilOpen(stage, ids);
    for (const id of ids) whatsApp.revoke(id);
    if (!stage.isStock) await untilReset(stage, ids);
    await settled();
    await host.stop();
    await host.start();
    const gone = await notLoaded(ids, host);
    const there = ids.filter((id) => !gone.includes(id));
    const refused = await notConnectable(stage, there, host);
    if (refused.length > 0) note(`${refused.length} were refused, or showed no code, at the next connect`);
    if (!stage.isStock) await untilIn(host, there, 'open');
    const after = await estate.count();
    return {
      logouts: ids.length,
      instancesLost: new Set([...gone, ...refused]).size,
      rowsLost: rowsLost(ids, before, after),
    };
  },
});
