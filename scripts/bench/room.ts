/** Keeps who inserts jobs from running away from who works them: a long queue of jobs slows both down. */
export class Room {
  private taken = 0;
  private waiting: (() => void)[] = [];

  constructor(private readonly size: number) {}

  async take(count: number): Promise<void> {
    while (this.taken >= this.size) await new Promise<void>((resolve) => this.waiting.push(resolve));
    this.taken += count;
  }

  give(count: number): void {
    this.taken -= count;
    for (const resolve of this.waiting.splice(0)) resolve();
  }
}
