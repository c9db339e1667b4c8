/**
 * Works on the items of one lane one after another, and on those of different lanes side by side. Outlives connections:
 * what comes again after a loss queues behind what is still under way of it. Bounded by the prefetch of who adds items.
 */
export class Lanes<Item> {
  /** What waits in each lane that is at work. */
  private readonly waiting = new Map<string, Item[]>();
  private readonly running = new Set<Promise<void>>();

  /** @param work must not reject. */
  constructor(private readonly work: (item: Item) => Promise<void>) {}

  add(lane: string, item: Item): void {
    const line = this.waiting.get(lane);
    if (line) return void line.push(item);
    const run: Promise<void> = this.drain(lane, [item]).then(() => void this.running.delete(run));
    this.running.add(run);
  }

  /** Forgets what has not been begun. */
  drop(unwanted: (item: Item) => boolean): void {
    for (const line of this.waiting.values()) line.splice(0, line.length, ...line.filter((item) => !unwanted(item)));
  }

  /** Resolves when every lane that is at work now has run empty. */
  async idle(): Promise<void> {
    await Promise.all(this.running);
  }

  private async drain(lane: string, line: Item[]): Promise<void> {
    this.waiting.set(lane, line);
    for (let item = line.shift(); item !== undefined; item = line.shift()) await this.work(item);
    this.waiting.delete(lane);
  }
}
