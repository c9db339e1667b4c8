/** A row by column name. Every value is the text that the database writes for it, so that it comes back exactly. */
export type TextRow = Record<string, string | null>;

export interface TableRows {
  table: string;
  rows: TextRow[];
}

export type DatabaseKind = 'postgresql' | 'mysql';

/**
 * What the host has written down of its instances: their rows, and those of every table with a foreign key to Instance but
 * for bulk data. Tables and columns are read from the catalog, as versions of the host differ.
 */
export interface HostSettingsRows {
  /** What values as text are written for: another kind of database would not understand them. */
  readonly kind: DatabaseKind;
  /** As of one moment, by the id of the instance; its own row is the first. What is gone is left out. */
  readonly dump: (instanceIds: readonly string[]) => Promise<Map<string, TableRows[]>>;
  /** What there is no place for here, as another version of the host wrote it: `Table` or `Table.column`. */
  readonly homeless: (tables: readonly TableRows[]) => Promise<string[]>;
  /**
   * Inserts all of it in one transaction, but for what is homeless.
   *
   * @throws GuardError GUARD_BACKUP_OCCUPIED where one of the rows is there already; GUARD_BACKUP_FOREIGN where the database
   * has no Instance. Nothing was inserted then.
   */
  readonly load: (tables: readonly TableRows[]) => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** Tables of what passes through instances rather than sets them up. */
export const BULK_TABLES = [
  'Message',
  'MessageUpdate',
  'Media',
  'Chat',
  'Contact',
  'Label',
  'IntegrationSession',
] as const;
