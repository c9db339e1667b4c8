/** Whether a process is there; when it is not, it reaches nothing, and nobody hears of it. */
export class Life {
  private isOver = false;
  private die: (error: Error) => void = () => undefined;
  private readonly death = new Promise<never>((_, reject) => (this.die = reject));

  constructor() {
    this.death.catch(() => undefined);
  }

  end(): void {
    this.isOver = true;
    this.die(new Error('the process is gone'));
  }

  check(): void {
    if (this.isOver) throw new Error('the process is gone');
  }

  async of<T>(work: () => Promise<T>): Promise<T> {
    this.check();
    return Promise.race([work(), this.death]);
  }

  gate<T extends object>(target: T): T {
    const methods = Object.entries(target) as [string, (...args: unknown[]) => Promise<unknown>][];
    const gated = methods.map(([name, method]) => [name, (...args: unknown[]) => this.of(() => method(...args))]);
    return Object.fromEntries(gated) as T;
  }
}
