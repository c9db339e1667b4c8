import type { DatabaseName } from '../../database-server';
import { textsOf } from '../credential-texts';
import { notLoaded, rowsLost, untilIn, untilOpen } from '../losses';
import type { Scenario } from '../scenario';

/** Instances are deleted and brought back; half of them were connected. */
export const deleteRestore = (database: DatabaseName = 'postgres', count = 10, messages = 200): Scenario => ({
  name: database === 'postgres' ? 'delete-restore' : 'mariadb-delete-restore',
  database,
  alsoStock: database === 'postgres',
  async run(stage) {
    const { estate, sql, credentials, settled, note } = stage;
    const open = await estate.fill('open', count, { messages, isPaired: true });
    const closed = await estate.fill('closed', count, { messages, isPaired: true });
    await sql.query(`UPDATE "Instance" SET "connectionStatus" = 'close' WHERE "id" LIKE 'closed-%'`);
    const ids = [...open, ...closed];
    const before = await estate.count();
    const known = await textsOf((id) => credentials.read(id), closed);
    const host = await stage.host();
    await untilOpen(stage, open);
    const answers: number[] = [];
    for (const name of ids) {
      const answer = host.ask('delete', { name });
      // Without the plugin the clean-ups of a logout and of a delete get in each other's way.
      const { ms } = await (stage.isStock ? answer.catch(() => ({ ms: 0 })) : answer);
      answers.push(ms);
    }
    await settled();
    note(`deletes were answered after at most ${Math.max(...answers).toFixed(0)} ms`);
    const left = await notLoaded(ids, host);
    if (left.length < ids.length) throw new Error(`${ids.length - left.length} are still loaded`);
    if (!stage.isStock) for (const id of ids) await host.ask('restore', { id });
    await settled();
    const gone = await notLoaded(ids, host);
    const [now, after] = [await textsOf((id) => credentials.read(id), closed), await estate.count()];
    const changed = closed.filter((id) => now.get(id) !== known.get(id));
    if (!stage.isStock) await untilIn(host, closed, 'open'); // they have what it takes
    return {
      logouts: open.length,
      instancesLost: new Set([...gone, ...changed]).size,
      rowsLost: rowsLost(ids, before, after),
    };
  },
});
