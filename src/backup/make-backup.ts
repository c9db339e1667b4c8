import { rm, stat } from 'node:fs/promises';
import { describe, GuardError } from '../core/errors';
import { guardVersion } from '../core/version';
import type { CredentialStore } from '../stores/credentials';
import type { CredentialChoice } from '../stores/credentials/choose';
import type { HostRows } from '../stores/host-rows';
import type { HostSettingsRows, TableRows } from '../stores/host-settings-rows';
import { writeBackup, type BackupPart } from './backup-file';
import { backupName } from './backup-name';
import type { BackupTarget } from './targets/target';

/** What backups are made of, and restored into. */
export interface Installation {
  clientName: string;
  instances: Pick<HostRows, 'list' | 'findByName' | 'findById'>;
  settings: HostSettingsRows;
  credentials: CredentialChoice;
}

export interface MakeOptions {
  /** Names; absent: all. */
  only?: readonly string[];
  key: Buffer | undefined;
  /** Milliseconds since 1970: the backup is named after it. */
  at: number;
  isScheduled: boolean;
  signal?: AbortSignal;
  /** Hears a line for people now and then. */
  progress?: (line: string) => void;
}

export interface MadeBackup {
  name: string;
  bytes: number;
  instances: string[];
  /** Instances whose credentials are in it; the others have none. */
  withCredentials: number;
}

/** Instances whose rows are read by one look at the database. */
const BATCH = 100;

/**
 * Makes a backup of instances of an installation, and stores it once it is whole.
 *
 * @throws GuardError, among them GUARD_INSTANCE_UNKNOWN, also where the credentials of only one instance cannot be read: nothing is stored then.
 */
export async function makeBackup(
  { clientName, instances, settings, credentials }: Installation,
  target: BackupTarget,
  { only, key, at, isScheduled, signal, progress = () => undefined }: MakeOptions,
): Promise<MadeBackup> {
  const listed = chosen(await fromDatabase(instances.list(clientName)), only);
  const dumped = await dumpAll(settings, listed);
  // Somebody may have deleted one meanwhile.
  const kept = listed.filter(({ id }) => dumped.has(id)).map(({ id, name }) => ({ id, name }));
  progress(`${kept.length} instances`);
  const facts = {
    madeAt: new Date(at).toISOString(),
    madeBy: guardVersion(),
    database: settings.kind,
    clientName,
    isScheduled,
    instances: kept,
  };
  const store = 'store' in credentials ? credentials.store : undefined;
  let withCredentials = 0;
  async function* parts(): AsyncGenerator<BackupPart> {
    for (const { id, name } of kept) {
      signal?.throwIfAborted();
      const part = { tables: dumped.get(id) ?? [], credentials: await credentialsOf(store, id) };
      if (part.credentials) withCredentials += 1;
      progress(`${name}: ${rowsIn(part.tables)} rows, ${part.credentials ? 'credentials' : 'no credentials'}`);
      yield part;
    }
  }
  const name = backupName(clientName, at);
  const draft = await target.draft(name);
  try {
    await written(target, () => writeBackup(draft, facts, key, parts()));
    const { size: bytes } = await stat(draft);
    signal?.throwIfAborted();
    await target.put(name, draft);
    return { name, bytes, instances: kept.map((instance) => instance.name), withCredentials };
  } finally {
    await rm(draft, { force: true });
  }
}

function chosen<I extends { name: string }>(all: I[], only: readonly string[] | undefined): I[] {
  if (!only) return all;
  const missing = only.filter((name) => !all.some((each) => each.name === name));
  if (missing.length > 0) throw new GuardError('GUARD_INSTANCE_UNKNOWN', `It was ${missing.join(', ')}.`);
  return all.filter(({ name }) => only.includes(name));
}

async function dumpAll(
  settings: HostSettingsRows,
  listed: readonly { id: string }[],
): Promise<Map<string, TableRows[]>> {
  const all = new Map<string, TableRows[]>();
  for (let from = 0; from < listed.length; from += BATCH) {
    const ids = listed.slice(from, from + BATCH).map(({ id }) => id);
    for (const [id, tables] of await settings.dump(ids)) all.set(id, tables);
  }
  return all;
}

async function credentialsOf(store: CredentialStore | undefined, id: string): Promise<BackupPart['credentials']> {
  const credentials = await (store && fromDatabase(store.read(id)));
  return credentials ? { creds: credentials.creds, keys: Object.fromEntries(credentials.keys) } : null;
}

/** A full disk is the target's fault, or that of the folder for what is on its way there. */
async function written(target: BackupTarget, write: () => Promise<void>): Promise<void> {
  try {
    await write();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (error instanceof GuardError || code === undefined) throw error;
    throw new GuardError('GUARD_BACKUP_TARGET', `${target.place}: ${message}.`, { cause: error });
  }
}

export const rowsIn = (tables: readonly TableRows[]): number => tables.reduce((sum, { rows }) => sum + rows.length, 0);

/** What the stores of the host's rows fail with is the driver's. @throws GuardError */
export function fromDatabase<T>(answer: Promise<T>): Promise<T> {
  return answer.catch((error: unknown) => {
    if (error instanceof GuardError) throw error;
    throw new GuardError('GUARD_DATABASE_UNREACHABLE', `${describe(error)}.`, { cause: error });
  });
}
