import { escapeIdentifier } from 'pg';
import type { HostRows } from '../host-rows';
import { countsByTable, countStatement, purgeTables, type HostTable, type Words } from '../host-tables';
import { onceItWorks } from '../once-it-works';
import { readHostTables } from './host-catalog';
import { closeInstance, findInstances, hideInstance, showInstance } from './host-instances';
import { deleteSession, readSession, writeSession } from './host-sessions';
import { createPool, type PoolOptions } from './pool';
import { deleteSome } from './purge-host-rows';

/** The host's tables in PostgreSQL, in the schema that Prisma's parameter of the URI names. */
export function createPostgresHostRows(options: PoolOptions): HostRows {
  const pool = createPool(options);
  const schema = new URL(options.uri).searchParams.get('schema') ?? 'public';
  const words: Words = {
    table: (name) => `${escapeIdentifier(schema)}.${escapeIdentifier(name)}`,
    column: escapeIdentifier,
    id: '$1',
  };
  const [instances, sessions] = [words.table('Instance'), words.table('Session')];
  const tables = onceItWorks<HostTable[]>(() => readHostTables(pool, schema));
  const first = async (condition: string, value: string) => (await findInstances(pool, instances, condition, value))[0];
  return {
    findByName: (name) => first('name = $1', name),
    findById: (id) => first('id = $1', id),
    list: (clientName) => findInstances(pool, instances, '"clientName" = $1 ORDER BY name', clientName),
    wasPaired: async (id) => Boolean((await first('id = $1', id))?.ownerJid),
    close: (id) => closeInstance(pool, instances, id),
    hide: (id, hidden) => hideInstance(pool, instances, id, hidden),
    show: (id, shown) => showInstance(pool, instances, id, shown),
    readSession: (id) => readSession(pool, sessions, id),
    writeSession: (id, creds) => writeSession(pool, sessions, id, creds),
    deleteSession: (id) => deleteSession(pool, sessions, id),
    async count(id) {
      const all = await tables();
      const { rows } = await pool.query<{ place: number; number: string }>(countStatement(all, words), [id]);
      return countsByTable(all, rows);
    },
    async purge(id, limit) {
      const remove = (table: HostTable, most: number) => deleteSome(pool, words, table, id, most);
      return purgeTables(await tables(), limit, remove, async () => {
        const { rowCount } = await pool.query(`DELETE FROM ${instances} WHERE id = $1`, [id]);
        return rowCount ?? 0;
      });
    },
    stop: () => pool.end(),
  };
}
