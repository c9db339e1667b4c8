import { describe, GuardError } from '../core/errors';
import type { CredentialStore } from '../stores/credentials';
import type { TableRows } from '../stores/host-settings-rows';
import { withBackup, type BackupHeader, type BackupPart, type OpenedBackup } from './backup-file';
import { fromDatabase, rowsIn, type Installation } from './make-backup';
import type { BackupTarget } from './targets/target';

export interface RestoreRequest {
  /** Names; empty: all that are in it. */
  instances: readonly string[];
  key: Buffer | undefined;
  /** Only tells what would come. */
  dryRun: boolean;
  /** The rows are there already. */
  credentialsOnly: boolean;
  /** Hears a line for people now and then. */
  progress?: (line: string) => void;
}

export interface Restored {
  madeAt: string;
  instances: { id: string; name: string; rows: number; hasCredentials: boolean }[];
  /** What this version of the host has no table or column for; it was left out. */
  leftOut: string[];
}

/**
 * Brings instances back: first the rows of all of them in one transaction, then their credentials.
 *
 * @throws GuardError GUARD_BACKUP_UNKNOWN, GUARD_BACKUP_FOREIGN, GUARD_BACKUP_OCCUPIED, GUARD_INSTANCE_UNKNOWN,
 * GUARD_SEAL_KEY, GUARD_SEAL_FOREIGN: nothing was changed. GUARD_CREDENTIALS_PLACE: the detail tells.
 */
export function restoreBackup(
  installation: Installation,
  target: BackupTarget,
  name: string,
  request: RestoreRequest,
): Promise<Restored> {
  return target.withFile(name, (file) => withBackup(file, (backup) => restore(installation, backup, request)));
}

async function restore(installation: Installation, backup: OpenedBackup, request: RestoreRequest): Promise<Restored> {
  const { credentialsOnly, dryRun, key, progress = () => undefined } = request;
  const { header } = backup;
  assertFits(header, installation);
  const wanted = chosen(header, request.instances);
  const tables: TableRows[] = [];
  const instances: Restored['instances'] = [];
  // To the very end, whatever is wanted: a file that is damaged anywhere is not trusted.
  for await (const [{ id, name }, part] of numbered(header, backup.parts(key))) {
    if (!wanted.has(id)) continue;
    tables.push(...part.tables);
    instances.push({ id, name, rows: rowsIn(part.tables), hasCredentials: part.credentials !== null });
  }
  const store = storeFor(installation, instances);
  await assertPlace(installation, instances, credentialsOnly);
  const leftOut = credentialsOnly ? [] : await installation.settings.homeless(tables);
  if (dryRun) return { madeAt: header.madeAt, instances, leftOut };
  if (!credentialsOnly) {
    await installation.settings.load(tables);
    progress(`${rowsIn(tables)} rows of ${instances.length} instances are there`);
  }
  const failures: string[] = [];
  for await (const [{ id, name }, part] of numbered(header, backup.parts(key))) {
    if (!wanted.has(id) || !part.credentials || !store) continue;
    const failure = await writeCredentials(store, id, part.credentials);
    if (failure === undefined) progress(`${name}: credentials are there`);
    else failures.push(`  - ${name}: ${failure}`);
  }
  if (failures.length > 0) throw incomplete(failures);
  return { madeAt: header.madeAt, instances, leftOut };
}

function assertFits({ database, clientName }: BackupHeader, installation: Installation): void {
  const { kind } = installation.settings;
  if (database !== kind) {
    const detail = `It was made of ${database}, and this installation is on ${kind}: values are not carried over.`;
    throw new GuardError('GUARD_BACKUP_FOREIGN', detail);
  }
  if (clientName !== installation.clientName) {
    const detail = `It is of the installation "${clientName}", and this one is "${installation.clientName}".`;
    throw new GuardError('GUARD_BACKUP_FOREIGN', `${detail} See DATABASE_CONNECTION_CLIENT_NAME.`);
  }
}

/** @returns ids. */
function chosen({ instances }: BackupHeader, names: readonly string[]): Set<string> {
  const absent = names.filter((name) => !instances.some((instance) => instance.name === name));
  if (absent.length > 0) throw new GuardError('GUARD_INSTANCE_UNKNOWN', `Not in the backup: ${absent.join(', ')}.`);
  const wanted = names.length === 0 ? instances : instances.filter(({ name }) => names.includes(name));
  return new Set(wanted.map(({ id }) => id));
}

async function* numbered({ instances }: BackupHeader, parts: AsyncIterable<BackupPart>) {
  const left = instances.values();
  for await (const part of parts) {
    const { value: instance } = left.next();
    if (instance) yield [instance, part] as const;
  }
}

/** Before anything is written: instances that would have to do without what is in the backup are not brought back. */
function storeFor(
  { credentials }: Installation,
  instances: readonly { hasCredentials: boolean }[],
): CredentialStore | undefined {
  if ('store' in credentials) return credentials.store;
  if (!instances.some(({ hasCredentials }) => hasCredentials)) return undefined;
  throw new GuardError('GUARD_CREDENTIALS_PLACE', `${credentials.reason} Nothing was changed.`);
}

async function assertPlace(
  { instances: there }: Installation,
  instances: readonly { id: string; name: string }[],
  credentialsOnly: boolean,
): Promise<void> {
  const [occupied, missing]: [string[], string[]] = [[], []];
  for (const { id, name } of instances) {
    const same = await fromDatabase(there.findById(id));
    if (!same) missing.push(name);
    if (same ?? (await fromDatabase(there.findByName(name)))) occupied.push(name);
  }
  if (credentialsOnly && missing.length > 0) {
    throw new GuardError('GUARD_INSTANCE_UNKNOWN', `Their rows are not here: ${missing.join(', ')}.`);
  }
  if (!credentialsOnly && occupied.length > 0) {
    throw new GuardError('GUARD_BACKUP_OCCUPIED', `By name or id: ${occupied.join(', ')}.`);
  }
}

/** @returns what it failed with. */
async function writeCredentials(
  store: CredentialStore,
  id: string,
  { creds, keys }: NonNullable<BackupPart['credentials']>,
): Promise<string | undefined> {
  try {
    await store.write(id, { creds, keys: new Map(Object.entries(keys)) });
    return undefined;
  } catch (error) {
    return error instanceof GuardError ? error.detail : describe(error);
  }
}

function incomplete(failures: readonly string[]): GuardError {
  const detail = `The rows are there, and these credentials are not:\n${failures.join('\n')}\n`;
  const next = 'When that is repaired, run the same command again with --credentials-only.';
  return new GuardError('GUARD_CREDENTIALS_PLACE', `${detail}${next}`);
}
