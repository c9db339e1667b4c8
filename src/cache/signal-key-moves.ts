import { bulkhead } from 'cockatiel';
import { GuardError } from '../core/errors';
import { inBatches } from '../core/in-batches';
import type { Log } from '../core/log';
import type { BypassedKeys } from '../stores/credentials/bypassed-keys';
import { CREDS, type KeyPlace } from '../stores/credentials/key-place';
import type { CredentialWrites, WaitingCredentials } from './waiting/waiting-credentials';

export interface SignalKeyMovesOptions {
  /** Whether signal keys belong into files. */
  inFiles: boolean;
  hashes: Pick<KeyPlace, 'read'>;
  files: BypassedKeys;
  writes: Pick<CredentialWrites, 'hSet' | 'hDelete'>;
  waiting: Pick<WaitingCredentials, 'isWaiting'>;
  log: Log;
}

/** Instances whose keys are in memory at a time: each has 10,000 and more. */
const INSTANCES = 4;
/** Writes that are on their way to Redis at a time, for each of them. */
const BATCH = 64;

/**
 * Brings the signal keys of an instance where GUARD_CACHE_BYPASS wants them; creds stay where they are. A marker in the
 * instance's folder tells whether the files count; it is set when all of them are there, and goes when all fields are. So a
 * crash leaves the one side or the other whole, and the next try does the rest.
 */
export class SignalKeyMoves {
  private readonly gate = bulkhead(INSTANCES, Infinity);

  constructor(private readonly options: SignalKeyMovesOptions) {}

  /**
   * May be repeated, but by one at a time for an instance, and while nobody else uses its keys.
   *
   * @throws GuardError GUARD_CREDENTIALS_PLACE, also while writes of the instance wait for Redis;
   *   GUARD_CREDENTIALS_MALFORMED; and the errors of the cache.
   */
  settle(instanceId: string): Promise<void> {
    return this.gate.execute(async () => {
      const { inFiles, files, waiting } = this.options;
      const isInFiles = await files.isThere(instanceId);
      if (!inFiles && !isInFiles) return;
      if (waiting.isWaiting(instanceId))
        throw new GuardError('GUARD_CREDENTIALS_PLACE', `Writes of instance ${instanceId} wait for Redis.`);
      await (inFiles ? this.intoFiles(instanceId, isInFiles) : this.intoRedis(instanceId));
    });
  }

  /** What a crash has left in Redis is removed too: nobody may take it for what counts. */
  private async intoFiles(instanceId: string, isInFiles: boolean): Promise<void> {
    const { hashes, files, writes, log } = this.options;
    const keys = await hashes.read(instanceId);
    keys.delete(CREDS);
    if (!isInFiles) await files.write(instanceId, keys);
    await inBatches([...keys.keys()], BATCH, (key) => writes.hDelete(instanceId, key));
    if (keys.size > 0) log.info({ instanceId, keys: keys.size }, 'signal keys were moved from Redis into files');
  }

  private async intoRedis(instanceId: string): Promise<void> {
    const { hashes, files, writes, log } = this.options;
    const keys = await files.read(instanceId);
    const stale = [...(await hashes.read(instanceId)).keys()].filter((key) => key !== CREDS && !keys.has(key));
    await inBatches(stale, BATCH, (key) => writes.hDelete(instanceId, key));
    await inBatches([...keys], BATCH, ([key, text]) => writes.hSet(instanceId, key, text));
    await files.remove(instanceId);
    log.info({ instanceId, keys: keys.size }, 'signal keys were moved from files into Redis');
  }
}
