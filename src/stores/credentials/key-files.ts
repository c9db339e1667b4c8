import { mkdir, readdir, readFile, rename, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, GuardError } from '../../core/errors';
import { inBatches } from '../../core/in-batches';
import { syncFolder } from '../../core/sync-folder';
import type { KeyPlace } from './key-place';

const ENDING = '.json';
/** Files that are open at a time. */
const BATCH = 64;

/**
 * Keys in a folder of the host for each instance, a file for each. The host's names lose `/` and `:` on the way into a file
 * name, and do not come back: a key that was read here is named after its file, which leads to the same file again.
 *
 * @param instancesDir `<host>/instances`
 */
export class KeyFiles implements KeyPlace {
  readonly place: string;

  constructor(private readonly instancesDir: string) {
    this.place = `files in ${instancesDir}`;
  }

  read(instanceId: string): Promise<Map<string, string>> {
    return atFiles(async () => {
      const folder = this.folderOf(instanceId);
      const files = await filesIn(folder);
      const texts = await inBatches(files, BATCH, (file) => readWhole(join(folder, file)));
      return new Map(files.map((file, at) => [file.slice(0, -ENDING.length), texts[at] ?? ''] as const));
    });
  }

  /** Resolves when all of it would outlive a power cut. */
  write(instanceId: string, keys: ReadonlyMap<string, string>): Promise<void> {
    return atFiles(async () => {
      const folder = this.folderOf(instanceId);
      await mkdir(folder, { recursive: true });
      const wanted = new Map([...keys].map(([key, text]) => [`${stemOf(key)}${ENDING}`, text]));
      await inBatches([...wanted], BATCH, ([file, text]) => replace(join(folder, file), text));
      const left = (await filesIn(folder)).filter((file) => !wanted.has(file));
      await inBatches(left, BATCH, (file) => unlink(join(folder, file)));
      await syncFolder(folder);
    });
  }

  /** The folder stays: a session that is still alive writes into it, and makes it but once. */
  remove(instanceId: string): Promise<void> {
    return atFiles(async () => {
      const folder = this.folderOf(instanceId);
      await inBatches(await filesIn(folder), BATCH, (file) => unlink(join(folder, file)));
    });
  }

  /** @returns null where there is none. */
  get(instanceId: string, key: string): Promise<string | null> {
    return atFiles(() => readFile(this.fileOf(instanceId, key), 'utf8').catch(ifAbsent(null)));
  }

  /** The folder has to be there. */
  set(instanceId: string, key: string, text: string): Promise<void> {
    return atFiles(() => replace(this.fileOf(instanceId, key), text));
  }

  /** @returns whether there was one. */
  delete(instanceId: string, key: string): Promise<boolean> {
    return atFiles(() => unlink(this.fileOf(instanceId, key)).then(() => true, ifAbsent(false)));
  }

  private folderOf(instanceId: string): string {
    return join(this.instancesDir, instanceId);
  }

  private fileOf(instanceId: string, key: string): string {
    return join(this.folderOf(instanceId), `${stemOf(key)}${ENDING}`);
  }
}

/** @throws GuardError GUARD_CREDENTIALS_PLACE for errors of the file system. */
export async function atFiles<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new GuardError('GUARD_CREDENTIALS_PLACE', `${describe(error)}.`, { cause: error });
  }
}

/** What the host makes of a key in a file name. */
export const stemOf = (key: string) => key.replaceAll('/', '__').replaceAll(':', '-');

async function filesIn(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(ifAbsent<string[]>([]));
  return names.filter((name) => name.endsWith(ENDING)).sort();
}

/** The host writes in place: what is no JSON may have been read in the midst of that, so it is read once more. */
async function readWhole(file: string): Promise<string> {
  const text = await readFile(file, 'utf8');
  try {
    JSON.parse(text);
    return text;
  } catch {
    return readFile(file, 'utf8');
  }
}

/** The text is on the disk before it takes the place of another: a power cut leaves the one or the other whole. */
export async function replace(file: string, text: string): Promise<void> {
  const draft = `${file}.draft`;
  await writeFile(draft, text, { flush: true });
  await rename(draft, file);
}

/** Answers for a file that is not there; for `catch`. */
export const ifAbsent =
  <T>(answer: T) =>
  (error: NodeJS.ErrnoException): T => {
    if (error.code === 'ENOENT') return answer;
    throw error;
  };
