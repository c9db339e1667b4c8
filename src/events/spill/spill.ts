import { describe, GuardError } from '../../core/errors';
import type { Log } from '../../core/log';
import type { Metrics } from '../../metrics/metrics';
import type { NewOutboxRow } from '../../stores/outbox-store';
import { ownPath, takeOverLeftovers } from './claim-file';
import { SpillFile } from './spill-file';

export interface SpillOptions {
  folder: string;
  maxBytes: number;
  log: Log;
  metrics: Pick<Metrics, 'eventsSpilled' | 'spillBytes' | 'spillDamaged'>;
}

const BATCH_ROWS = 200;
const BATCH_BYTES = 32 * 1024 * 1024;
const NEARLY_FULL = 0.8;

/** Where events go while the database does not answer: the file, its limit, and what the operator is told of both. */
export class Spill {
  private told: GuardError['code'] | undefined;

  private constructor(
    private readonly file: SpillFile,
    private readonly options: SpillOptions,
  ) {
    options.metrics.spillBytes.set(file.bytes);
  }

  /**
   * Opens a file of this process, with all in it that processes which are gone have left.
   *
   * @returns undefined, with a logged error, where the folder cannot be written.
   */
  static async open(options: SpillOptions): Promise<Spill | undefined> {
    try {
      const leftovers = takeOverLeftovers(options.folder);
      const file = await SpillFile.open(ownPath(options.folder));
      for (const path of leftovers) await file.adopt(path);
      return new Spill(file, options);
    } catch (error) {
      const unwritable = new GuardError('GUARD_SPILL_UNWRITABLE', `${describe(error)}.`);
      options.log.error({ code: unwritable.code }, unwritable.message);
      return undefined;
    }
  }

  get isEmpty(): boolean {
    return this.file.bytes === 0;
  }

  /** @returns whether the rows are on the disk now. */
  async take(rows: readonly NewOutboxRow[]): Promise<boolean> {
    const { maxBytes, metrics } = this.options;
    if (this.file.bytes >= maxBytes) {
      this.tell('GUARD_SPILL_FULL', `${this.file.bytes} bytes.`);
      return false;
    }
    try {
      await this.file.append(rows);
    } catch (error) {
      this.tell('GUARD_SPILL_UNWRITABLE', `${describe(error)}.`);
      return false;
    }
    metrics.eventsSpilled.inc(rows.length);
    metrics.spillBytes.set(this.file.bytes);
    if (this.file.bytes >= maxBytes * NEARLY_FULL) this.tell('GUARD_SPILL_NEARLY_FULL', `${this.file.bytes} bytes.`);
    return true;
  }

  /** Hands the oldest events on, and forgets them when that has worked. @throws what `write` throws. */
  async drain(write: (rows: NewOutboxRow[]) => Promise<void>): Promise<void> {
    const { log, metrics } = this.options;
    const { rows, damaged, end } = await this.file.peek(BATCH_ROWS, BATCH_BYTES);
    if (rows.length > 0) await write(rows);
    await this.file.forget(end);
    metrics.spillBytes.set(this.file.bytes);
    if (damaged > 0) {
      metrics.spillDamaged.inc(damaged);
      const error = new GuardError('GUARD_SPILL_DAMAGED', `${damaged} lines.`);
      log.error({ code: error.code, lines: damaged }, error.message);
    }
    if (!this.isEmpty) return;
    this.told = undefined;
    log.info('the spill file has drained into the outbox');
  }

  /** Leaves no empty file behind; one with rows is for the next process. */
  close(): Promise<void> {
    return this.file.close();
  }

  /** Each state once, not for every batch. */
  private tell(code: GuardError['code'], detail: string): void {
    if (this.told === code) return;
    this.told = code;
    const error = new GuardError(code, detail);
    this.options.log.error({ code }, error.message);
  }
}
