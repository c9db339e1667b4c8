import { setTimeout as sleep } from 'node:timers/promises';
import { now, type Span } from './record';

const LOOK_MS = 50;

/** When primaries were replaced: by what a scenario does, and by Sentinels that find one fail-over was not enough. */
export class Failovers {
  readonly spans: Span[] = [];
  private isPlanned = false;
  private primary: string | undefined;
  private readonly isOver = new AbortController();

  /** @param named which one is the primary, as far as that is agreed on. */
  constructor(
    private readonly named: () => Promise<string | undefined>,
    private readonly note: (text: string) => void,
  ) {}

  /** @param cause resolves when another primary was named. */
  async plan(cause: () => Promise<unknown>): Promise<void> {
    const begun = now();
    this.isPlanned = true;
    await cause();
    this.primary = await this.named();
    this.spans.push({ begun, ended: now() });
    this.isPlanned = false;
  }

  async watch(): Promise<void> {
    const { signal } = this.isOver;
    this.primary = await this.named();
    for (let since = now(); !signal.aborted; await sleep(LOOK_MS, undefined, { signal }).catch(() => undefined)) {
      const named = await this.named().catch(() => undefined);
      if (this.isPlanned || named === undefined || named === this.primary) continue;
      this.note('the Sentinels have named another primary on their own account');
      this.spans.push({ begun: since, ended: now() });
      this.primary = named;
      since = now();
    }
  }

  stop(): void {
    this.isOver.abort();
  }
}
