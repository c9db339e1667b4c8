import { timeout, TimeoutStrategy } from 'cockatiel';
import type { NewOutboxRow } from '../stores/outbox-store';
import { toRow, type CapturedEvent } from './captured-event';
import type { Destination, Routing } from './event';

type Route = (event: string) => Destination[];

/** Instances whose last known settings are kept. Beyond, the ones heard of longest ago are forgotten. */
const MOST_REMEMBERED = 10_000;

/** The host reads its own database for its settings, and sets no limit to how long that may hang. */
const withinLimit = timeout(5_000, TimeoutStrategy.Aggressive);

/**
 * Asks the host which sinks want an event, once for each batch and instance. While the host cannot say, what it said last
 * counts: an event must not wait in memory because a setting might have changed.
 */
export class EventRouter {
  private readonly lastKnown = new Map<string, Route>();

  constructor(
    private readonly routing: Routing,
    private readonly maxBytes: number,
  ) {}

  /** @throws what the host failed with, where it has never said anything of one of the instances. */
  async route(batch: readonly CapturedEvent[]): Promise<NewOutboxRow[]> {
    const instances = [...new Set(batch.map(({ instance }) => instance))];
    const routes = new Map(await Promise.all(instances.map(async (name) => [name, await this.routeOf(name)] as const)));
    return batch.flatMap((captured) => {
      const destinations = routes.get(captured.instance)?.(captured.event) ?? [];
      return destinations.map((destination) => toRow(captured, destination, this.maxBytes));
    });
  }

  private async routeOf(instance: string): Promise<Route> {
    try {
      const route = await withinLimit.execute(() => this.routing(instance));
      this.remember(instance, route);
      return route;
    } catch (error) {
      const known = this.lastKnown.get(instance);
      if (known) return known;
      throw error;
    }
  }

  private remember(instance: string, route: Route): void {
    this.lastKnown.delete(instance); // to the end of the order in which they are forgotten
    this.lastKnown.set(instance, route);
    const [oldest] = this.lastKnown.keys();
    if (this.lastKnown.size > MOST_REMEMBERED && oldest !== undefined) this.lastKnown.delete(oldest);
  }
}
