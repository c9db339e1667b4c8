import { GuardError } from '../core/errors';
import { BULK_TABLES, type TableRows, type TextRow } from './host-settings-rows';

/** A foreign key. */
export interface Reference {
  table: string;
  column: string;
  parent: string;
}

export interface Column {
  table: string;
  name: string;
  /** As the database calls it. */
  type: string;
}

export interface SettingsTable {
  name: string;
  /** The column that has the instance's id. */
  key: string;
  columns: Column[];
}

const INSTANCE = 'instance';
/** Servers may keep names of tables in small letters. */
const isInstance = (table: string) => table.toLowerCase() === INSTANCE;
const BULK = new Set(BULK_TABLES.map((table) => table.toLowerCase()));

/**
 * The tables that settings of instances are in, those that others refer to first.
 *
 * @throws GuardError GUARD_BACKUP_FOREIGN where there is no table Instance.
 */
export function settingsTables(references: readonly Reference[], columns: readonly Column[]): SettingsTable[] {
  const instance = columns.find(({ table }) => isInstance(table))?.table;
  if (instance === undefined) {
    throw new GuardError('GUARD_BACKUP_FOREIGN', 'This database has no table Instance: start the host on it once.');
  }
  const keys = new Map([[instance, 'id']]);
  for (const { table, column, parent } of references) {
    if (isInstance(parent) && !BULK.has(table.toLowerCase()) && !keys.has(table)) keys.set(table, column);
  }
  return parentsFirst([...keys.keys()], references).map((name) => ({
    name,
    key: keys.get(name) ?? '',
    columns: columns.filter(({ table }) => table === name),
  }));
}

function parentsFirst(tables: readonly string[], references: readonly Reference[]): string[] {
  const ordered = new Set<string>();
  const entered = new Set<string>();
  const place = (table: string) => {
    if (entered.has(table)) return; // placed, or it refers to itself by way of others
    entered.add(table);
    for (const { table: child, parent } of references) if (child === table && tables.includes(parent)) place(parent);
    ordered.add(table);
  };
  for (const table of tables) place(table);
  return [...ordered];
}

/** @param found rows of each table, in the order of the tables. */
export function byInstance(tables: readonly SettingsTable[], found: readonly TextRow[][]): Map<string, TableRows[]> {
  const dumped = new Map<string, TableRows[]>();
  tables.forEach(({ name, key }, at) => {
    for (const row of found[at] ?? []) {
      const id = row[key] ?? '';
      const own = dumped.get(id) ?? [];
      dumped.set(id, own);
      const rows = own.find(({ table }) => table === name)?.rows;
      if (rows) rows.push(row);
      else own.push({ table: name, rows: [row] });
    }
  });
  return dumped;
}

/** What there is no place for, without what is NULL anyway. */
export function homelessIn(tables: readonly SettingsTable[], given: readonly TableRows[]): string[] {
  const homeless = new Set<string>();
  for (const { table, rows } of given) {
    const known = tables.find(({ name }) => name === table);
    if (!known && rows.length > 0) homeless.add(table);
    if (!known) continue;
    const names = new Set(known.columns.map(({ name }) => name));
    for (const row of rows) {
      for (const [name, value] of Object.entries(row)) {
        if (value !== null && !names.has(name)) homeless.add(`${table}.${name}`);
      }
    }
  }
  return [...homeless].sort();
}

export interface Insertion {
  table: SettingsTable;
  /** Those that the rows have values for; the others get their defaults. */
  columns: Column[];
  rows: TextRow[];
}

/** What is to be inserted, in an order that no foreign key objects to. */
export function insertionsOf(tables: readonly SettingsTable[], given: readonly TableRows[]): Insertion[] {
  const insertions = tables.map((table) => {
    const rows = given.filter((each) => each.table === table.name).flatMap((each) => each.rows);
    const names = new Set(rows.flatMap((row) => Object.keys(row)));
    return { table, columns: table.columns.filter(({ name }) => names.has(name)), rows };
  });
  return insertions.filter(({ rows }) => rows.length > 0);
}
