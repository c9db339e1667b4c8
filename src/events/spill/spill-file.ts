import { open, rm, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncFolder } from '../../core/sync-folder';
import type { NewOutboxRow } from '../../stores/outbox-store';
import { decodeLine, encodeLine } from './line';

/** What a look at the front of the file brought. */
export interface SpilledBatch {
  rows: NewOutboxRow[];
  /** Lines that were damaged, and skipped. */
  damaged: number;
  /** Where the next batch begins: for `forget`. */
  end: number;
}

const CHUNK_BYTES = 1024 * 1024;
const LINE_FEED = 0x0a;

/**
 * Events in a local file, first in, first out, each on the disk before `append` returns. Used by one caller at a time.
 * A cut-off or damaged line is skipped, never a reason to stop.
 */
export class SpillFile {
  /** Up to here all lines have been handed on. */
  private start = 0;
  /** Up to here lines are whole. Behind it may lie what a failed write left. */
  private size: number;

  private constructor(
    private readonly path: string,
    private readonly file: FileHandle,
    size: number,
  ) {
    this.size = size;
  }

  static async open(path: string): Promise<SpillFile> {
    const file = await open(path, 'a+')
      .then((created) => created.close())
      .then(() => open(path, 'r+'));
    await syncFolder(dirname(path));
    const spill = new SpillFile(path, file, (await file.stat()).size);
    await spill.closeLastLine();
    return spill;
  }

  get bytes(): number {
    return this.size - this.start;
  }

  /** @throws errors of the file system, ENOSPC for one; then the file is as before. */
  async append(rows: readonly NewOutboxRow[]): Promise<void> {
    await this.write(Buffer.concat(rows.map(encodeLine)));
  }

  /** Moves all of another file behind what is here. Interrupted, it leaves lines twice, which their ids make harmless. */
  async adopt(path: string): Promise<void> {
    const other = await open(path, 'r');
    try {
      const chunk = Buffer.alloc(CHUNK_BYTES);
      for (let position = 0; ;) {
        const { bytesRead } = await other.read(chunk, 0, chunk.length, position);
        if (bytesRead === 0) break;
        await this.write(chunk.subarray(0, bytesRead));
        position += bytesRead;
      }
    } finally {
      await other.close();
    }
    await this.closeLastLine();
    await rm(path);
  }

  /** Reads from the front, at least one line where there is any, without taking it away. */
  async peek(mostRows: number, mostBytes: number): Promise<SpilledBatch> {
    const batch: SpilledBatch = { rows: [], damaged: 0, end: this.start };
    let rest: Buffer = Buffer.alloc(0);
    let position = this.start;
    while (position < this.size && batch.rows.length < mostRows && batch.end - this.start < mostBytes) {
      const chunk = Buffer.alloc(Math.min(CHUNK_BYTES, this.size - position));
      const { bytesRead } = await this.file.read(chunk, 0, chunk.length, position);
      if (bytesRead === 0) break;
      position += bytesRead;
      rest = takeLines(Buffer.concat([rest, chunk.subarray(0, bytesRead)]), batch, mostRows);
    }
    return batch;
  }

  /** The lines before `end` are in the outbox. An empty file is cut to nothing, so that it does not grow for ever. */
  async forget(end: number): Promise<void> {
    this.start = end;
    if (this.start < this.size) return;
    await this.file.truncate(0);
    await this.file.datasync();
    this.start = 0;
    this.size = 0;
  }

  /** A file without lines goes with it. */
  async close(): Promise<void> {
    await this.file.close();
    if (this.bytes === 0) await rm(this.path, { force: true });
  }

  private async write(bytes: Buffer): Promise<void> {
    try {
      let written = 0;
      while (written < bytes.length) {
        const step = await this.file.write(bytes, written, bytes.length - written, this.size + written);
        written += step.bytesWritten;
      }
      await this.file.datasync();
      this.size += bytes.length;
    } catch (error) {
      await this.file.truncate(this.size).catch(() => undefined); // reading ends at size in any case
      throw error;
    }
  }

  /** After a crash the last line may be cut off: ended here, it counts as one damaged line and harms no other. */
  private async closeLastLine(): Promise<void> {
    if (this.size === 0) return;
    const last = Buffer.alloc(1);
    await this.file.read(last, 0, 1, this.size - 1);
    if (last[0] !== LINE_FEED) await this.write(Buffer.from('\n'));
  }
}

/** @returns what is left behind the last whole line that was taken. */
function takeLines(bytes: Buffer, batch: SpilledBatch, mostRows: number): Buffer {
  let from = 0;
  while (batch.rows.length < mostRows) {
    const to = bytes.indexOf(LINE_FEED, from);
    if (to < 0) break;
    const row = decodeLine(bytes.subarray(from, to));
    if (row) batch.rows.push(row);
    else batch.damaged += 1;
    batch.end += to + 1 - from;
    from = to + 1;
  }
  return bytes.subarray(from);
}
