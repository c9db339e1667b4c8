interface Waiting<Item, Answer> {
  item: Item;
  resolve: (answer: Answer) => void;
  reject: (error: unknown) => void;
}

/**
 * Gathers what comes while a statement is under way, and gives it to the next one: under load many share a trip to the
 * database, and without load nobody waits. What waits is bounded by the callers, who all await their answers.
 */
export class Batcher<Item, Answer> {
  private waiting: Waiting<Item, Answer>[] = [];
  private underWay = 0;

  /**
   * @param run answers a batch, one answer for each item in its order; if it fails, all of them fail.
   * @param keyOf where set, a batch has at most one item of a key; the others wait for the next.
   */
  constructor(
    private readonly run: (items: readonly Item[]) => Promise<readonly Answer[]>,
    private readonly limits: { items: number; concurrent: number },
    private readonly keyOf?: (item: Item) => string,
  ) {}

  add(item: Item): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ item, resolve, reject });
      if (this.waiting.length === 1) queueMicrotask(() => this.next());
    });
  }

  private next(): void {
    if (this.waiting.length === 0 || this.underWay >= this.limits.concurrent) return;
    const batch = this.take();
    this.underWay += 1;
    void this.answer(batch).finally(() => {
      this.underWay -= 1;
      this.next();
    });
  }

  private take(): Waiting<Item, Answer>[] {
    const { keyOf } = this;
    if (!keyOf) return this.waiting.splice(0, this.limits.items);
    const keys = new Set<string>();
    const [batch, rest]: [Waiting<Item, Answer>[], Waiting<Item, Answer>[]] = [[], []];
    for (const each of this.waiting) {
      const key = keyOf(each.item);
      const joins = batch.length < this.limits.items && !keys.has(key);
      keys.add(key);
      (joins ? batch : rest).push(each);
    }
    this.waiting = rest;
    return batch;
  }

  private async answer(batch: readonly Waiting<Item, Answer>[]): Promise<void> {
    try {
      const answers = await this.run(batch.map(({ item }) => item));
      for (const [index, { resolve }] of batch.entries()) resolve(answers[index] as Answer);
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }
}
