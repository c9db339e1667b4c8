import { bulkhead } from 'cockatiel';
import type { Dirent } from 'node:fs';
import { appendFile, mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { inBatches } from '../../core/in-batches';
import { isThere } from '../../core/is-there';
import { syncFolder } from '../../core/sync-folder';
import { atFiles, ifAbsent, KeyFiles, replace, stemOf } from './key-files';
import type { KeyPlace } from './key-place';

/** In the folder of an instance whose signal keys are kept out of Redis. */
const MARKER = 'evolution-guard-signal-keys';
/** Files that are open at a time: the host writes hundreds of keys at once. */
const OPEN = 64;

/**
 * Signal keys that are kept out of Redis (GUARD_CACHE_BYPASS), in the files in which the host has them where it has no
 * Redis. What tells such files from those that were left there before Redis was in use is a marker beside them: while it is
 * there, the files count, and nothing else does.
 *
 * The marker also has the names that file names do not lead back to, a JSON string in each line, so that the keys can
 * return to Redis.
 */
export class BypassedKeys implements KeyPlace {
  readonly place: string;
  private readonly files: KeyFiles;
  private readonly gate = bulkhead(OPEN, Infinity);

  /** @param instancesDir `<host>/instances` */
  constructor(private readonly instancesDir: string) {
    this.files = new KeyFiles(instancesDir);
    this.place = this.files.place;
  }

  /** Whether the files of this instance count. The host deletes by name as well, which need not be the name of any folder. */
  async isThere(instanceId: string): Promise<boolean> {
    if (basename(instanceId) !== instanceId) return false;
    return atFiles(() => isThere(this.markerOf(instanceId)));
  }

  async read(instanceId: string): Promise<Map<string, string>> {
    const [keys, names] = [await this.files.read(instanceId), await this.namesOf(instanceId)];
    return new Map([...keys].map(([stem, text]) => [names.get(stem) ?? stem, text]));
  }

  /** Resolves when all of it would outlive a power cut; only then the files count. */
  async write(instanceId: string, keys: ReadonlyMap<string, string>): Promise<void> {
    await this.files.write(instanceId, keys);
    await atFiles(async () => {
      await replace(this.markerOf(instanceId), [...keys.keys()].filter(isChanged).map(line).join(''));
      await syncFolder(this.folderOf(instanceId));
    });
  }

  /** From here on the files do not count, also where a power cut brings some of them back. */
  async remove(instanceId: string): Promise<void> {
    if (!(await this.isThere(instanceId))) return;
    await atFiles(async () => {
      await rm(this.markerOf(instanceId), { force: true });
      await syncFolder(this.folderOf(instanceId));
    });
    await this.files.remove(instanceId);
  }

  /** @returns null where there is none. */
  get(instanceId: string, key: string): Promise<string | null> {
    return this.gate.execute(() => this.files.get(instanceId, key));
  }

  /** At most one write of a key may be under way. */
  set(instanceId: string, key: string, text: string): Promise<void> {
    return this.gate.execute(async () => {
      await this.mark(instanceId, key);
      await this.files.set(instanceId, key, text);
    });
  }

  /** @returns whether there was one. */
  delete(instanceId: string, key: string): Promise<boolean> {
    return this.gate.execute(() => this.files.delete(instanceId, key));
  }

  /** How many instances have their keys here. */
  count(): Promise<number> {
    return atFiles(async () => {
      const entries = await readdir(this.instancesDir, { withFileTypes: true }).catch(ifAbsent<Dirent[]>([]));
      const folders = entries.filter((each) => each.isDirectory());
      const marks = await inBatches(folders, OPEN, ({ name }) => isThere(this.markerOf(name)));
      return marks.filter(Boolean).length;
    });
  }

  /** The host removes the whole folder at a logout: the marker has to come back before the first key does. */
  private async mark(instanceId: string, key: string): Promise<void> {
    const isMarked = await this.isThere(instanceId);
    const isNamed = !isChanged(key) || (isMarked && (await this.files.get(instanceId, key)) !== null);
    if (isMarked && isNamed) return;
    await atFiles(async () => {
      if (!isMarked) await mkdir(this.folderOf(instanceId), { recursive: true });
      await appendFile(this.markerOf(instanceId), isNamed ? '' : line(key), { flush: true });
      if (!isMarked) await syncFolder(this.folderOf(instanceId));
    });
  }

  /** By what is left of them in a file name. */
  private async namesOf(instanceId: string): Promise<Map<string, string>> {
    const text = await atFiles(() => readFile(this.markerOf(instanceId), 'utf8').catch(ifAbsent('')));
    return new Map(text.split('\n').flatMap((each) => nameIn(each).map((name) => [stemOf(name), name])));
  }

  private folderOf(instanceId: string): string {
    return join(this.instancesDir, instanceId);
  }

  private markerOf(instanceId: string): string {
    return join(this.folderOf(instanceId), MARKER);
  }
}

const isChanged = (key: string) => stemOf(key) !== key;
/** Begins a line of its own, whatever a power cut has left of the one before. */
const line = (key: string) => `\n${JSON.stringify(key)}\n`;

/** Half a line is what a power cut leaves: the file of that key was not written. */
function nameIn(text: string): string[] {
  try {
    return [String(JSON.parse(text))];
  } catch {
    return [];
  }
}
