import { z } from 'zod';

const anything = z.unknown().optional();

/**
 * What the host hands to its sinks (EvolutionAPI 2.3, EmitData in src/api/integrations/event/event.controller.ts).
 * Only what is relied on is checked; `data` is whatever the event carries.
 */
export const hostEvent = z.object({
  instanceName: z.string().min(1),
  origin: anything,
  event: z.string().min(1),
  data: anything,
  serverUrl: anything,
  dateTime: anything,
  sender: anything,
  apiKey: anything,
  local: anything,
  integration: z.array(z.string()).nullish(),
  extra: z.record(z.string(), z.unknown()).nullish(),
});

export type HostEvent = z.infer<typeof hostEvent>;

/** Where one sink is to deliver one event. */
export interface Destination {
  sink: string;
  /**
   * Whoever receives it behind the sink: one that fails must not hold back another. All of a chat's events for the sink
   * are for the same one, or their order would end where one of two fails. The instance's name, where it has one of its own.
   */
  receiver: string;
  /** JSON, understood by the sink only. */
  target: string;
  /** What the payload has in place of its blank, see Outlet. */
  fill?: string;
}

/** What a route depends on, besides the instance. */
export interface Routed {
  event: string;
  /** The host's own flag: an event that is not local is none of the instance's own receivers' business. */
  local: boolean;
}

/** Says which sinks want an event of this instance. Asked anew when its answer is a second old; may read the database. */
export type Routing = (instance: string) => Promise<(event: Routed) => readonly Destination[]>;

/** What one of the host's own sinks would do with an event. */
export interface Outlet {
  readonly name: string;
  /** The object whose JSON the host would send. Where a part depends on the destination, it holds the blank. */
  readonly body: (event: HostEvent, blank: string) => object;
  readonly routing: Routing;
}
