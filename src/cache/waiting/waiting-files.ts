import { readdirSync, readFileSync, rmdirSync, rmSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { describe } from '../../core/errors';
import { inBatches } from '../../core/in-batches';
import { syncFolder } from '../../core/sync-folder';
import { fileNameOf, waitingFolder, waitingRoot } from '../../stores/credentials/waiting-folder';
import type { WaitingEntry } from './held';

const content = z.object({
  instance: z.string(),
  field: z.string().nullable(),
  value: z.string().nullable(),
  at: z.number(),
  sequence: z.number(),
});

export interface FoundFiles {
  /** The oldest first. */
  entries: { instanceId: string; entry: WaitingEntry }[];
  /** What could not be read, with the reason; left where it is. */
  unreadable: string[];
}

/** Of a deletion of all; no field's file has this name. */
const ALL = 'all';
const [DRAFT, ENDED] = ['.draft', '.ended'];
/** Files that are open at a time, of each instance. */
const BATCH = 16;

/**
 * A file for each field that waits, in a folder for each instance. They are secrets: nobody but the host's user may read them.
 *
 * The host's own names for files of keys would not do: while Redis is on it never reads those files, so that what is left
 * there from a time without Redis could not be told from what is newer; and its names do not lead back to the fields.
 */
export class WaitingFiles {
  readonly root: string;

  /** @param instancesDir `<host>/instances` */
  constructor(private readonly instancesDir: string) {
    this.root = waitingRoot(instancesDir);
  }

  /** Reads all there is, and removes what a crash has left half done. Blocks: before that no read can be answered. */
  readAll(): FoundFiles {
    const found: FoundFiles = { entries: [], unreadable: [] };
    const attempt = (path: string, work: () => void) => {
      try {
        work();
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') found.unreadable.push(`${path}: ${describe(error)}`);
      }
    };
    const eachIn = (folder: string, work: (path: string) => void) =>
      attempt(folder, () => {
        for (const name of readdirSync(folder)) attempt(join(folder, name), () => work(join(folder, name)));
      });
    eachIn(this.root, (folder) => {
      if (folder.endsWith(ENDED)) return rmSync(folder, { recursive: true });
      eachIn(folder, (file) => {
        if (file.endsWith(DRAFT)) return rmSync(file);
        const { instance, ...entry } = content.parse(JSON.parse(readFileSync(file, 'utf8')));
        found.entries.push({ instanceId: instance, entry });
      });
      if (readdirSync(folder).length === 0) rmdirSync(folder);
    });
    found.entries.sort((one, other) => one.entry.sequence - other.entry.sequence);
    return found;
  }

  /** Resolves when all of them would outlive a power cut. @throws errors of the file system; then some may be there. */
  async save(instanceId: string, entries: readonly WaitingEntry[]): Promise<void> {
    const folder = waitingFolder(this.instancesDir, instanceId);
    const made = await mkdir(folder, { recursive: true, mode: 0o700 });
    // All of them have ended before it is told that one has failed: the next try uses the same drafts.
    const refusals = await inBatches(entries, BATCH, (entry) => {
      const name = entry.field === null ? ALL : fileNameOf(entry.field);
      const replaced = replace(join(folder, name), JSON.stringify({ instance: instanceId, ...entry }));
      return replaced.catch((error: Error) => error);
    });
    for (const refusal of refusals) if (refusal) throw refusal;
    for (const changed of made === undefined ? [folder] : [folder, this.root, dirname(this.root)]) {
      await syncFolder(changed);
    }
  }

  /** Removes all files of an instance, at once: a crash in the midst would bring back what was deleted. May be repeated. */
  async end(instanceId: string): Promise<void> {
    const folder = waitingFolder(this.instancesDir, instanceId);
    const ended = `${folder}${ENDED}`;
    await rm(ended, { recursive: true, force: true });
    try {
      await rename(folder, ended);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return; // nothing of it ever reached the disk
      throw error;
    }
    await syncFolder(this.root);
    await rm(ended, { recursive: true, force: true });
  }
}

async function replace(file: string, text: string): Promise<void> {
  const draft = `${file}${DRAFT}`;
  try {
    await writeFile(draft, text, { mode: 0o600, flush: true });
    await rename(draft, file);
  } catch (error) {
    await rm(draft, { force: true }).catch(() => undefined); // a full disk: the first error tells
    throw error;
  }
}
