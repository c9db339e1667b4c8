/** A write of credentials that waits for Redis. */
export interface WaitingEntry {
  /** null: all of the instance was deleted. */
  readonly field: string | null;
  /** A JSON text as the host writes it; null: deleted. */
  readonly value: string | null;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Rises with every write, restarts included. */
  readonly sequence: number;
}

/**
 * What waits of one instance: the latest of each field, and that all before it was deleted. An entry stays, written or not,
 * until all of them are written and their files are gone: until then reads are answered from here.
 */
export class Held {
  private removal: WaitingEntry | undefined;
  private readonly fields = new Map<string, WaitingEntry>();
  /** Not in Redis yet, the oldest first. A deletion of all can only be the first. */
  readonly unwritten = new Set<WaitingEntry>();
  /** Not on the disk yet. */
  readonly unsaved = new Set<WaitingEntry>();

  /** @param isSaved it comes from the disk. */
  add(entry: WaitingEntry, isSaved: boolean): void {
    if (entry.field === null) {
      for (const gone of [...this.fields.values(), this.removal]) this.drop(gone);
      this.fields.clear();
      this.removal = entry;
    } else {
      this.drop(this.fields.get(entry.field));
      this.fields.set(entry.field, entry);
    }
    this.unwritten.add(entry);
    if (!isSaved) this.unsaved.add(entry);
  }

  /** @returns null: deleted; undefined: nothing waits, Redis has it. */
  get(field: string): string | null | undefined {
    const entry = this.fields.get(field) ?? this.removal;
    return entry?.value;
  }

  /** What is to be written next: a deletion of all for itself, before what came after it. */
  next(most: number): WaitingEntry[] {
    const batch: WaitingEntry[] = [];
    for (const entry of this.unwritten) {
      batch.push(entry);
      if (entry.field === null || batch.length === most) break;
    }
    return batch;
  }

  /** Drops what is written, and of which no file is left. @returns whether nothing is left. */
  release(): boolean {
    for (const [field, entry] of this.fields) {
      if (this.unwritten.has(entry)) continue;
      this.fields.delete(field);
      this.drop(entry);
    }
    if (this.removal && !this.unwritten.has(this.removal)) {
      this.drop(this.removal);
      this.removal = undefined;
    }
    return this.unwritten.size === 0;
  }

  private drop(entry: WaitingEntry | undefined): void {
    if (!entry) return;
    this.unwritten.delete(entry);
    this.unsaved.delete(entry);
  }
}
