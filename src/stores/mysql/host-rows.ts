import type { UpsertResult } from 'mariadb';
import type { HostRows } from '../host-rows';
import { countsByTable, countStatement, purgeTables, type HostTable, type Words } from '../host-tables';
import { onceItWorks } from '../once-it-works';
import { readHostTables } from './host-catalog';
import { closeInstance, findInstances, hideInstance, showInstance } from './host-instances';
import { deleteSession, readSession, writeSession } from './host-sessions';
import { MysqlPool, type PoolOptions } from './pool';
import { deleteSome } from './purge-host-rows';

const quoted = (name: string) => `\`${name.replaceAll('`', '``')}\``;
const WORDS: Words = { table: quoted, column: quoted, id: '?' };

/** The host's tables in MySQL or MariaDB. */
export function createMysqlHostRows(options: PoolOptions): HostRows {
  const pool = new MysqlPool(options);
  const tables = onceItWorks<HostTable[]>(() => readHostTables(pool));
  const first = async (condition: string, value: string) => (await findInstances(pool, condition, value))[0];
  return {
    findByName: (name) => first('name = ?', name),
    findById: (id) => first('id = ?', id),
    list: (clientName) => findInstances(pool, 'clientName = ? ORDER BY name', clientName),
    wasPaired: async (id) => Boolean((await first('id = ?', id))?.ownerJid),
    close: (id) => closeInstance(pool, id),
    hide: (id, hidden) => hideInstance(pool, id, hidden),
    show: (id, shown) => showInstance(pool, id, shown),
    readSession: (id) => readSession(pool, id),
    writeSession: (id, creds) => writeSession(pool, id, creds),
    deleteSession: (id) => deleteSession(pool, id),
    async count(id) {
      const all = await tables();
      const rows = await pool.query<{ place: number; number: number }[]>(
        countStatement(all, WORDS),
        all.map(() => id),
      );
      return countsByTable(all, rows);
    },
    async purge(id, limit) {
      const remove = (table: HostTable, most: number) => deleteSome(pool, WORDS, table, id, most);
      return purgeTables(await tables(), limit, remove, async () => {
        const { affectedRows } = await pool.query<UpsertResult>('DELETE FROM Instance WHERE id = ?', [id]);
        return affectedRows;
      });
    },
    stop: () => pool.end(),
  };
}
