import { mkdir, readdir, readFile, rename, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, GuardError } from '../../core/errors';
import { inBatches } from '../../core/in-batches';
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
    return this.attempt(async () => {
      const folder = this.folderOf(instanceId);
      const files = await filesIn(folder);
      const texts = await inBatches(files, BATCH, (file) => readWhole(join(folder, file)));
      return new Map(files.map((file, at) => [file.slice(0, -ENDING.length), texts[at] ?? ''] as const));
    });
  }

  write(instanceId: string, keys: ReadonlyMap<string, string>): Promise<void> {
    return this.attempt(async () => {
      const folder = this.folderOf(instanceId);
      await mkdir(folder, { recursive: true });
      const wanted = new Map([...keys].map(([key, text]) => [`${stemOf(key)}${ENDING}`, text]));
      await inBatches([...wanted], BATCH, ([file, text]) => replace(join(folder, file), text));
      const left = (await filesIn(folder)).filter((file) => !wanted.has(file));
      await inBatches(left, BATCH, (file) => unlink(join(folder, file)));
    });
  }

  /** The folder stays: a session that is still alive writes into it, and makes it but once. */
  remove(instanceId: string): Promise<void> {
    return this.attempt(async () => {
      const folder = this.folderOf(instanceId);
      await inBatches(await filesIn(folder), BATCH, (file) => unlink(join(folder, file)));
    });
  }

  private folderOf(instanceId: string): string {
    return join(this.instancesDir, instanceId);
  }

  private async attempt<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw new GuardError('GUARD_CREDENTIALS_PLACE', `${describe(error)}.`, { cause: error });
    }
  }
}

/** As the host does it. */
const stemOf = (key: string) => key.replaceAll('/', '__').replaceAll(':', '-');

async function filesIn(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
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

async function replace(file: string, text: string): Promise<void> {
  const draft = `${file}.draft`;
  await writeFile(draft, text);
  await rename(draft, file);
}
