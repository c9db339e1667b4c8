/** A foreign key of one column, as the catalog tells it. */
export interface ForeignKey {
  table: string;
  column: string;
  parent: string;
  parentColumn: string;
  /** What the deletion of a row does to those that name it. */
  onDelete: 'cascade' | 'refuse' | 'forget';
  /** Whether an index begins with the column; without one its rows are found by walking the whole table. */
  isIndexed: boolean;
  /** What tells the table's rows apart. */
  rowKey: string;
}

/** A table that hangs on Instance. */
export interface HostTable {
  name: string;
  /** The way to its instance, */
  key: ForeignKey;
  /** which leads over this table; undefined: the key names the instance itself. */
  parent: HostTable | undefined;
  /** Its rows go with those of another table at less cost than by themselves: that one finds them by an index. */
  goesAlong: boolean;
  /** With each of its rows that is deleted the server walks a whole table, to find who names it. */
  isSlow: boolean;
}

const ROOT = 'Instance';
/**
 * Rows of slow tables in one call. Of the host's these are the sessions of bots in PostgreSQL, which messages name without
 * an index: with a million messages each takes 0.2 s.
 */
const SLOW_ROWS = 10;

/**
 * What hangs on Instance, directly or over others. A table stands before those that it names, so that neither a cascade
 * nor a refusal finds anything; apart from that tables with an index stand first, so that most calls walk no other.
 *
 * @throws Error where there is none: then these are not the host's tables.
 */
export function hostTables(keys: readonly ForeignKey[]): HostTable[] {
  const found = findTables(keys);
  if (found.size === 0) throw new Error('no table of this database hangs on a table Instance');
  const ordered: HostTable[] = [];
  while (found.size > 0) {
    const isNamed = ({ name }: HostTable) =>
      keys.some((key) => key.parent === name && key.table !== name && found.has(key.table));
    const free = [...found.values()].filter((table) => !isNamed(table));
    const [first] = found.values(); // for tables that name each other in a circle
    const next = free.find(({ key, goesAlong }) => key.isIndexed || goesAlong) ?? free[0] ?? first;
    if (!next) break;
    ordered.push(next);
    found.delete(next.name);
  }
  return ordered;
}

function findTables(keys: readonly ForeignKey[]): Map<string, HostTable> {
  const found = new Map<string, HostTable>();
  let parents: (HostTable | undefined)[] = [undefined];
  while (parents.length > 0) {
    const next = parents.flatMap((parent) => {
      const name = parent?.name ?? ROOT;
      const children = keys.filter((key) => key.parent === name && key.onDelete !== 'forget' && key.table !== ROOT);
      return children.flatMap((key) => {
        if (found.has(key.table)) return [];
        const table = { name: key.table, key, parent, ...costOf(key, keys) };
        found.set(key.table, table);
        return [table];
      });
    });
    parents = next;
  }
  return found;
}

function costOf(key: ForeignKey, keys: readonly ForeignKey[]) {
  const others = keys.filter(({ table, parent }) => table === key.table && parent !== ROOT && parent !== key.table);
  const hasIndexedWay = (name: string) =>
    keys.some(({ table, parent, isIndexed }) => table === name && parent === ROOT && isIndexed);
  return {
    goesAlong:
      !key.isIndexed &&
      others.some(({ onDelete, isIndexed, parent }) => onDelete === 'cascade' && isIndexed && hasIndexedWay(parent)),
    isSlow: keys.some(({ parent, isIndexed }) => parent === key.table && !isIndexed),
  };
}

/** How a kind of database names things. */
export interface Words {
  table: (name: string) => string;
  column: (name: string) => string;
  /** Stands for the id of the instance. */
  id: string;
}

/** The condition that a row is the instance's. */
export function isOfInstance({ key, parent }: HostTable, words: Words): string {
  if (!parent) return `${words.column(key.column)} = ${words.id}`;
  const parents = `SELECT ${words.column(key.parentColumn)} FROM ${words.table(parent.name)}`;
  return `${words.column(key.column)} IN (${parents} WHERE ${isOfInstance(parent, words)})`;
}

/** Counts the rows of an instance in all tables. Gives `place` in the list of tables, and `number`. */
export function countStatement(tables: readonly HostTable[], words: Words): string {
  const counts = tables.map((table, place) => {
    const from = `${words.table(table.name)} WHERE ${isOfInstance(table, words)}`;
    return `SELECT ${place} AS place, COUNT(*) AS number FROM ${from}`;
  });
  return counts.join(' UNION ALL ');
}

/** What `countStatement` gave, by name, without the tables that have nothing. */
export function countsByTable(
  tables: readonly HostTable[],
  rows: readonly { place: number; number: number | string }[],
): Record<string, number> {
  const some = rows.map(({ place, number }) => [tables[place]?.name ?? '', Number(number)] as const);
  return Object.fromEntries(some.filter(([, number]) => number > 0));
}

/**
 * Deletes at most so many rows, each table's in a transaction of its own.
 *
 * @param remove deletes some rows of a table. @returns how many.
 * @param removeInstance called when nothing else was found.
 */
export async function purgeTables(
  tables: readonly HostTable[],
  limit: number,
  remove: (table: HostTable, limit: number) => Promise<number>,
  removeInstance: () => Promise<number>,
): Promise<number> {
  let gone = 0;
  for (const table of tables.filter(({ goesAlong }) => !goesAlong)) {
    if (gone >= limit) return gone;
    gone += await remove(table, Math.min(limit - gone, table.isSlow ? SLOW_ROWS : limit));
  }
  return gone > 0 ? gone : removeInstance();
}
