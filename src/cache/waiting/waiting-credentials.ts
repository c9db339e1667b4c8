import type { Clock } from '../../core/clock';
import { describe, GuardError } from '../../core/errors';
import { inBatches } from '../../core/in-batches';
import type { Log } from '../../core/log';
import { Held, type WaitingEntry } from './held';
import { WaitingFiles } from './waiting-files';

export interface WaitingCredentialsOptions {
  /** `<host>/instances` */
  instancesDir: string;
  clock: Pick<Clock, 'now'>;
  log: Log;
}

/** How Redis is written to. What resolves counts as being there. */
export interface CredentialWrites {
  hSet(instanceId: string, field: string, value: string): Promise<unknown>;
  hDelete(instanceId: string, field: string): Promise<unknown>;
  /** Deletes all of an instance. */
  delete(instanceId: string): Promise<unknown>;
}

export interface WaitingSize {
  instances: number;
  /** Writes that are not in Redis yet; a deletion of all counts as one. */
  writes: number;
  /** Of these, those that are in memory only. */
  unsaved: number;
  /** When the oldest of them came, milliseconds since 1970. */
  oldestAt: number | undefined;
}

/** Writes that are on their way to Redis at a time. */
const BATCH = 64;
/** Instances whose files are written at a time. */
const FOLDERS = 8;

/**
 * Writes of credentials that Redis did not take. Each is on the disk before its promise resolves, and goes to Redis, in
 * order, when that is back.
 *
 * While an instance waits, all its writes come here, and its reads are answered from here where they can be: otherwise a
 * write could overtake an older one of the same field. Memory and disk hold the latest write of each field, no more than
 * the hash in Redis would.
 */
export class WaitingCredentials {
  private readonly files: WaitingFiles;
  private readonly held = new Map<string, Held>();
  private sequence = 0;
  /** Work on the disk, one piece at a time. */
  private line: Promise<void> = Promise.resolve();
  private nextSave: Promise<void> | undefined;
  private draining: Promise<void> | undefined;
  private isUnsavedTold = false;

  /** Takes up what an earlier process has left. Blocks while it reads. */
  constructor(private readonly options: WaitingCredentialsOptions) {
    this.files = new WaitingFiles(options.instancesDir);
    const { entries, unreadable } = this.files.readAll();
    for (const { instanceId, entry } of entries) {
      this.hold(instanceId).add(entry, true);
      this.sequence = entry.sequence;
    }
    for (const detail of unreadable) this.alarm('GUARD_CREDENTIALS_PLACE', `${detail}.`);
  }

  /** Whether the instance's writes have to come here, and its reads have to ask here first. */
  isWaiting(instanceId: string): boolean {
    return this.held.has(instanceId);
  }

  /** @returns nothing where Redis has the answer; null where the field was deleted. */
  get(instanceId: string, field: string): { value: string | null } | undefined {
    const value = this.held.get(instanceId)?.get(field);
    return value === undefined ? undefined : { value };
  }

  /** @param value null: the field was deleted. Resolves when that is on the disk, or the disk has refused it, which is told. */
  put(instanceId: string, field: string, value: string | null): Promise<void> {
    return this.add(instanceId, field, value);
  }

  /** All of the instance was deleted. Resolves as `put` does. */
  removeAll(instanceId: string): Promise<void> {
    return this.add(instanceId, null, null);
  }

  /** Tries again to bring to the disk what is in memory only. */
  save(): Promise<void> {
    return (this.nextSave ??= this.inLine(() => {
      this.nextSave = undefined;
      return this.saveAll();
    }));
  }

  /**
   * Writes back what waits; what comes meanwhile as well. A call during another one is the same.
   *
   * @throws the first error of the writes: what is left waits for the next call. What Redis refuses for one instance, or a
   * folder that cannot be removed (GUARD_CREDENTIALS_PLACE), does not hold up the others.
   */
  drain(writes: CredentialWrites): Promise<void> {
    return (this.draining ??= this.drainAll(writes).finally(() => (this.draining = undefined)));
  }

  size(): WaitingSize {
    const size: WaitingSize = { instances: this.held.size, writes: 0, unsaved: 0, oldestAt: undefined };
    for (const { unwritten, unsaved } of this.held.values()) {
      size.writes += unwritten.size;
      size.unsaved += unsaved.size;
      const [oldest] = unwritten;
      if (oldest) size.oldestAt = Math.min(oldest.at, size.oldestAt ?? oldest.at);
    }
    return size;
  }

  private add(instanceId: string, field: string | null, value: string | null): Promise<void> {
    this.sequence += 1;
    const entry = { field, value, at: this.options.clock.now(), sequence: this.sequence };
    this.hold(instanceId).add(entry, false);
    return this.save();
  }

  private hold(instanceId: string): Held {
    const known = this.held.get(instanceId);
    if (known) return known;
    if (this.held.size === 0) this.alarm('GUARD_CREDENTIALS_WAITING', `In ${this.files.root}.`);
    const made = new Held();
    this.held.set(instanceId, made);
    return made;
  }

  private inLine(work: () => Promise<void>): Promise<void> {
    const done = this.line.then(work);
    this.line = done.catch(() => undefined); // the caller hears of it
    return done;
  }

  private async saveAll(): Promise<void> {
    const unsaved = [...this.held].filter(([, { unsaved }]) => unsaved.size > 0);
    const refusals = await inBatches(unsaved, FOLDERS, ([instanceId, held]) => this.saveOne(instanceId, held.unsaved));
    const refusal = refusals.find((each) => each !== undefined);
    if (refusal !== undefined && !this.isUnsavedTold) this.alarm('GUARD_CREDENTIALS_UNSAVED', `${refusal}.`);
    this.isUnsavedTold = refusal !== undefined;
  }

  /** @returns why the disk took nothing more, if it did not. */
  private async saveOne(instanceId: string, unsaved: Set<WaitingEntry>): Promise<string | undefined> {
    const entries = [...unsaved];
    try {
      for (let at = 0; at < entries.length; at += BATCH) {
        const batch = entries.slice(at, at + BATCH);
        await this.files.save(instanceId, batch);
        for (const entry of batch) unsaved.delete(entry);
      }
      return undefined;
    } catch (error) {
      return describe(error);
    }
  }

  private async drainAll(writes: CredentialWrites): Promise<void> {
    const failed = new Map<string, GuardError>();
    try {
      for (;;) {
        const waiting = [...this.held].filter(([instanceId]) => !failed.has(instanceId));
        if (waiting.length === 0) break;
        for (const [instanceId, held] of waiting) {
          await this.drainOne(instanceId, held, writes).catch((error: unknown) => {
            if (!isOfOneInstance(error)) throw error;
            failed.set(instanceId, error);
          });
        }
      }
      const [first] = failed.values();
      if (first) throw first;
    } catch (error) {
      await this.save();
      throw error;
    }
  }

  /** One round, over what is there at its beginning: an instance that writes all the time does not hold up the others. */
  private async drainOne(instanceId: string, held: Held, writes: CredentialWrites): Promise<void> {
    for (let left = held.unwritten.size; left > 0 && held.unwritten.size > 0; left -= BATCH) {
      const written = held.next(BATCH).map(async (entry) => {
        await write(instanceId, entry, writes);
        held.unwritten.delete(entry);
      });
      for (const outcome of await Promise.allSettled(written)) if (outcome.status === 'rejected') throw outcome.reason;
    }
    await this.inLine(() => this.release(instanceId, held));
  }

  /** The files go first: a crash in between would otherwise bring old values back over newer ones. */
  private async release(instanceId: string, held: Held): Promise<void> {
    if (held.unwritten.size > 0) return; // came while this waited in the line
    try {
      await this.files.end(instanceId);
    } catch (error) {
      throw new GuardError('GUARD_CREDENTIALS_PLACE', `${describe(error)}.`, { cause: error });
    }
    if (!held.release()) return;
    this.held.delete(instanceId);
    if (this.held.size > 0) return;
    this.isUnsavedTold = false;
    this.options.log.info('all credentials that waited are written to Redis');
  }

  private alarm(code: GuardError['code'], detail: string): void {
    const error = new GuardError(code, detail);
    this.options.log.error({ code }, error.message);
  }
}

function write(instanceId: string, { field, value }: WaitingEntry, writes: CredentialWrites): Promise<unknown> {
  if (field === null) return writes.delete(instanceId);
  return value === null ? writes.hDelete(instanceId, field) : writes.hSet(instanceId, field, value);
}

/** What another instance may be spared. Anything else holds for all of them: Redis is away again. */
const OF_ONE = new Set<unknown>(['GUARD_CACHE_REFUSED', 'GUARD_CACHE_DELETE', 'GUARD_CREDENTIALS_PLACE']);
const isOfOneInstance = (error: unknown): error is GuardError => error instanceof GuardError && OF_ONE.has(error.code);
