import type { BypassedKeys } from './bypassed-keys';
import { CREDS, type KeyPlace } from './key-place';

export interface RedisOrFilesOptions {
  hashes: KeyPlace;
  files: BypassedKeys;
  /** Whether signal keys are kept out of Redis from now on. */
  inFiles: boolean;
}

/**
 * The fields of the host's Redis, with signal keys in files where GUARD_CACHE_BYPASS says so. A running host moves those of
 * an instance when it needs the first; so what is read is where they are, and what is written goes where they belong.
 */
export class RedisOrFiles implements KeyPlace {
  readonly place: string;

  constructor(private readonly options: RedisOrFilesOptions) {
    const { hashes, files, inFiles } = options;
    this.place = inFiles ? `${hashes.place}, with signal keys in ${files.place}` : hashes.place;
  }

  async read(instanceId: string): Promise<Map<string, string>> {
    const { hashes, files } = this.options;
    const all = await hashes.read(instanceId);
    if (!(await files.isThere(instanceId))) return all;
    return new Map([...(await files.read(instanceId)), ...[...all].filter(isCreds)]);
  }

  /** Creds come last: they are never without their keys. */
  async write(instanceId: string, all: ReadonlyMap<string, string>): Promise<void> {
    const { hashes, files, inFiles } = this.options;
    if (inFiles) {
      await files.write(instanceId, new Map([...all].filter((entry) => !isCreds(entry))));
      return hashes.write(instanceId, new Map([...all].filter(isCreds)));
    }
    await hashes.write(instanceId, all);
    await files.remove(instanceId);
  }

  /** And go first. */
  async remove(instanceId: string): Promise<void> {
    await this.options.hashes.remove(instanceId);
    await this.options.files.remove(instanceId);
  }
}

const isCreds = ([key]: [string, string]) => key === CREDS;
