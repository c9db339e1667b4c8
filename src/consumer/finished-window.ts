/** The last so many events that were finished, by key. */
export class FinishedWindow {
  private readonly keys = new Set<string>();

  constructor(private readonly size: number) {}

  has(key: string): boolean {
    return this.keys.has(key);
  }

  add(key: string): void {
    this.keys.delete(key);
    this.keys.add(key);
    if (this.keys.size <= this.size) return;
    const [oldest] = this.keys; // a set keeps the order of insertion
    if (oldest !== undefined) this.keys.delete(oldest);
  }
}
