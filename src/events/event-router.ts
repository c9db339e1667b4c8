import { TaskCancelledError, timeout, TimeoutStrategy } from 'cockatiel';
import type { Clock } from '../core/clock';
import type { NewOutboxRow } from '../stores/outbox-store';
import { toRow, type CapturedEvent } from './captured-event';
import type { Destination, Outlet, Routed } from './event';

type Route = (event: Routed) => readonly Destination[];

interface Known {
  route: Route;
  /** On the monotonic clock. */
  askedAt: number;
}

/** What the host was asked, and has not answered yet. */
interface Question {
  answer: Promise<Route>;
  /** On the monotonic clock. */
  askedAt: number;
  changes: number;
  /** Nobody waits for it any more. */
  overdue: boolean;
}

/** How long an answer counts: a setting that another process changes is followed within this time. */
const FRESH_MS = 1_000;

/** Instances whose last known settings are kept. Beyond, the ones heard of longest ago are forgotten. */
const MOST_REMEMBERED = 10_000;

/** The host reads its own database for its settings, and sets no limit to how long that may hang. */
const withinLimit = timeout(5_000, TimeoutStrategy.Aggressive);

/** A question that hangs may hang for ever: after this time it is asked anew. */
const ASK_AGAIN_MS = 10_000;

/**
 * Asks the host which sinks want an event. While the host cannot say, what it said last counts: an event must not wait in
 * memory because a setting might have changed.
 */
export class EventRouter {
  private readonly known = new Map<string, Known>();
  private readonly open = new Map<string, Question>();
  private changes = 0;

  constructor(
    private readonly clock: Clock,
    private readonly maxBytes: number,
  ) {}

  /** @throws what the host failed with, where it has never said anything of one of the instances. */
  async route(batch: readonly CapturedEvent[]): Promise<NewOutboxRow[]> {
    const asked = new Map(batch.map((captured) => [keyOf(captured.outlet, captured.instance), captured]));
    const answers = [...asked].map(async ([key, { outlet, instance }]) => {
      return [key, await this.routeOf(key, outlet, instance)] as const;
    });
    const routes = new Map(await Promise.all(answers));
    return batch.flatMap((captured) => {
      const destinations = routes.get(keyOf(captured.outlet, captured.instance))?.(captured) ?? [];
      return destinations.map((destination) => toRow(captured, destination, this.maxBytes));
    });
  }

  /** The settings of an instance have changed in this process: events from now on follow them. */
  changed(outlet: Outlet, instance: string): void {
    this.changes += 1;
    const known = this.known.get(keyOf(outlet, instance));
    if (known) known.askedAt = -Infinity;
  }

  /** A question that hangs is waited for once: every further wait would hold up all that is captured. */
  private async routeOf(key: string, outlet: Outlet, instance: string): Promise<Route> {
    const known = this.known.get(key);
    if (known && this.clock.monotonic() - known.askedAt < FRESH_MS) return known.route;
    const question = this.ask(key, outlet, instance);
    try {
      if (question.overdue) throw new Error(`the host does not answer for its instance ${instance}`);
      return await withinLimit.execute(() => question.answer);
    } catch (error) {
      if (error instanceof TaskCancelledError) question.overdue = true;
      if (known) return known.route;
      throw error;
    }
  }

  private ask(key: string, outlet: Outlet, instance: string): Question {
    const open = this.open.get(key);
    const askedAt = this.clock.monotonic();
    const { changes } = this;
    if (open?.changes === changes && askedAt - open.askedAt < ASK_AGAIN_MS) return open;
    const answer = outlet.routing(instance).then((route) => {
      // What was read while a setting changed may be older than the change.
      this.remember(key, { route, askedAt: changes === this.changes ? askedAt : -Infinity });
      return route;
    });
    const question = { answer, askedAt, changes, overdue: open?.changes === changes && open.overdue };
    this.open.set(key, question);
    const close = () => {
      if (this.open.get(key) === question) this.open.delete(key);
    };
    answer.then(close, close);
    return question;
  }

  private remember(key: string, known: Known): void {
    this.known.delete(key); // to the end of the order in which they are forgotten
    this.known.set(key, known);
    const [oldest] = this.known.keys();
    if (this.known.size > MOST_REMEMBERED && oldest !== undefined) this.known.delete(oldest);
  }
}

const keyOf = (outlet: Outlet, instance: string) => `${outlet.name} ${instance}`;
