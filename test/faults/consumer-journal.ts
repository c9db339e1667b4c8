import { closeSync, openSync, readSync, writeFileSync } from 'node:fs';

export interface Line {
  step: 'begun' | 'done';
  id: string;
  chat: string;
  number: number;
  pid: number;
}

/** A file to which several processes append what they do: so its lines stand in the order in which that happened. */
export class Journal {
  readonly lines: Line[] = [];
  /** Ids of what was done. */
  readonly done = new Set<string>();
  private offset = 0;
  private rest = '';
  private readonly descriptor: number;

  constructor(path: string) {
    writeFileSync(path, '');
    this.descriptor = openSync(path, 'r');
  }

  /** Takes in what was appended since the last time. A line that is still being written waits for the next time. */
  read(): this {
    const buffer = Buffer.alloc(65_536);
    for (let bytes = 1; bytes > 0; this.offset += bytes) {
      bytes = readSync(this.descriptor, buffer, 0, buffer.length, this.offset);
      this.rest += buffer.toString('latin1', 0, bytes);
    }
    const texts = this.rest.split('\n');
    this.rest = texts.pop() ?? '';
    for (const text of texts) {
      const line = JSON.parse(text) as Line;
      this.lines.push(line);
      if (line.step === 'done') this.done.add(line.id);
    }
    return this;
  }

  close(): void {
    closeSync(this.descriptor);
  }
}
