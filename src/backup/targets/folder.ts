import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { GuardError } from '../../core/errors';
import { stampOf } from '../backup-name';
import { atTarget, type BackupTarget } from './target';

const DRAFT = /^\.evolution-guard-.*\.part$/;
/** A draft that is so old belongs to nobody any more. */
const DRAFT_MS = 24 * 3_600_000;

/** Backups in a folder, which is made where it is not there. */
export function folderTarget(folder: string): BackupTarget {
  const attempt = <T>(work: () => Promise<T>) => atTarget(folder, work);
  const known = async (name: string): Promise<string> => {
    const file = join(folder, name);
    const isThere = stampOf(name) !== undefined && (await stat(file).then((found) => found.isFile(), absent));
    if (!isThere) throw new GuardError('GUARD_BACKUP_UNKNOWN', `${name} is not in ${folder}.`);
    return file;
  };
  return {
    place: folder,
    list: () =>
      attempt(async () => {
        const names = (await readdir(folder).catch(nothing)).filter((name) => stampOf(name) !== undefined);
        return Promise.all(names.map(async (name) => ({ name, bytes: (await stat(join(folder, name))).size })));
      }),
    draft: (name) =>
      attempt(async () => {
        await mkdir(folder, { recursive: true });
        for (const left of (await readdir(folder)).filter((each) => DRAFT.test(each))) {
          const file = join(folder, left);
          const writtenAt = await stat(file).then((found) => found.mtimeMs, () => Infinity); // prettier-ignore
          if (writtenAt < Date.now() - DRAFT_MS) await rm(file, { force: true });
        }
        return join(folder, `.${name}.${randomUUID()}.part`);
      }),
    put: (name, draft) => attempt(() => rename(draft, join(folder, name))),
    head: (name, bytes) =>
      attempt(async () => {
        const handle = await open(await known(name));
        try {
          const { buffer, bytesRead } = await handle.read(Buffer.alloc(bytes), 0, bytes, 0);
          return buffer.subarray(0, bytesRead);
        } finally {
          await handle.close();
        }
      }),
    withFile: async (name, use) => use(await attempt(() => known(name))),
    remove: (name) => attempt(() => rm(join(folder, name), { force: true })),
  };
}

function absent(error: NodeJS.ErrnoException): false {
  if (error.code === 'ENOENT') return false;
  throw error;
}

function nothing(error: NodeJS.ErrnoException): string[] {
  if (error.code === 'ENOENT') return [];
  throw error;
}
