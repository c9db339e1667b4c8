import { setTimeout as sleep } from 'node:timers/promises';
import { notConnectable, rowsLost, untilOpen, untilReset } from '../losses';
import type { Scenario } from '../scenario';

/** Longer than the old sockets go on saving. */
const LONG_AFTER_MS = 2_000;

/**
 * Sockets save creds and keys every 2 ms, while their session is reset and for a while after it. The next connect must meet
 * none of that.
 */
export const lateWrites = (count = 10): Scenario => ({
  name: 'late-writes',
  database: 'postgres',
  alsoStock: true,
  async run(stage) {
    const { estate, whatsApp, credentials, settled, isStock, note } = stage;
    const ids = await estate.fill('shop', count, { messages: 10, isPaired: true });
    const before = await estate.count();
    const host = await stage.host({ savesLate: true });
    await untilOpen(stage, ids);
    await sleep(200);
    for (const [place, id] of ids.entries()) {
      if (place % 2 === 0) whatsApp.revoke(id);
      else host.tell('logout', { name: id });
    }
    if (!isStock) await untilReset(stage, ids);
    await settled();
    await sleep(LONG_AFTER_MS);
    const found = await Promise.all(ids.map((id) => credentials.read(id).catch(() => undefined)));
    const met = found.filter((each) => each !== undefined).length;
    if (met > 0) note(`${met} have credentials that were saved after their session had ended`);
    const mixed = ids.filter((id) => estate.keyFiles(id) > 0);
    if (mixed.length > 0) note(`${mixed.length} have keys of their old session`);
    const refused = await notConnectable(stage, ids, host);
    return {
      logouts: ids.length,
      instancesLost: new Set([...mixed, ...refused]).size,
      rowsLost: rowsLost(ids, before, await estate.count()),
    };
  },
});
