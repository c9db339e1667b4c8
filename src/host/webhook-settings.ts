import { timeout, TimeoutStrategy } from 'cockatiel';
import type { Clock } from '../core/clock';
import { instanceWebhook, type InstanceWebhook } from './shapes';

interface Known {
  /** As last seen. Kept when the row is gone: its events may still be under way. */
  webhook: InstanceWebhook | undefined;
  exists: boolean;
  /** On the monotonic clock. */
  askedAt: number;
}

const FRESH_MS = 1_000;
/** Beyond, the ones heard of longest ago are forgotten. */
const MOST_REMEMBERED = 10_000;
const withinLimit = timeout(5_000, TimeoutStrategy.Aggressive);

/**
 * The webhook of each instance as it is now: headers are secrets that belong into no outbox, and a URL may be changed
 * because nobody answers there.
 */
export class WebhookSettings {
  private readonly known = new Map<string, Known>();
  private readonly asking = new Map<string, Promise<Known>>();
  private changes = 0;

  constructor(
    /** Reads the host's row by the name of the instance, whichever process has it, loaded or not. */
    private readonly find: (instance: string) => Promise<unknown>,
    private readonly clock: Clock,
    /** The URL of an instance is another one than before. */
    private readonly moved: (instance: string) => void,
  ) {}

  /** It was read for another reason. */
  learn(instance: string, webhook: InstanceWebhook): void {
    this.remember(instance, { webhook, exists: true, askedAt: this.clock.monotonic() });
  }

  /** This process has changed it. What waits for it must not wait for the old URL. */
  changed(instance: string): void {
    this.changes += 1;
    const known = this.known.get(instance);
    if (!known) return;
    known.askedAt = -Infinity;
    this.current(instance).catch(() => undefined); // the next who asks will hear of it
  }

  /** Without asking. */
  last(instance: string): InstanceWebhook | undefined {
    return this.known.get(instance)?.webhook;
  }

  /** @throws what the host's database failed with, where nothing is known yet. */
  async current(instance: string): Promise<Readonly<Omit<Known, 'askedAt'>>> {
    const known = this.known.get(instance);
    if (known && this.clock.monotonic() - known.askedAt < FRESH_MS) return known;
    const asking = this.asking.get(instance) ?? this.ask(instance);
    this.asking.set(instance, asking);
    try {
      return await asking;
    } catch (error) {
      if (!known) throw error;
      known.askedAt = this.clock.monotonic(); // a database that hangs is not waited for at every attempt
      return known;
    }
  }

  private async ask(instance: string): Promise<Known> {
    const { changes } = this;
    const askedAt = this.clock.monotonic();
    try {
      const found = instanceWebhook.nullish().parse(await withinLimit.execute(() => this.find(instance)));
      const known = {
        webhook: found ?? this.last(instance),
        exists: !!found,
        // What was read while a setting changed may be older than the change.
        askedAt: changes === this.changes ? askedAt : -Infinity,
      };
      this.remember(instance, known);
      return known;
    } finally {
      this.asking.delete(instance);
    }
  }

  private remember(instance: string, known: Known): void {
    const before = this.known.get(instance);
    this.known.delete(instance); // to the end of the order in which they are forgotten
    this.known.set(instance, known);
    const [oldest] = this.known.keys();
    if (this.known.size > MOST_REMEMBERED && oldest !== undefined) this.known.delete(oldest);
    if (before && before.webhook?.url !== known.webhook?.url) this.moved(instance);
  }
}
