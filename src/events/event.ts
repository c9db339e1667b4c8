import { z } from 'zod';

/**
 * What the host hands to its sinks (EvolutionAPI 2.3, EmitData in src/api/integrations/event/event.controller.ts).
 * Only what is relied on is checked; `data` is whatever the event carries.
 */
export const hostEvent = z.object({
  instanceName: z.string().min(1),
  origin: z.unknown(),
  event: z.string().min(1),
  data: z.unknown(),
  serverUrl: z.unknown(),
  dateTime: z.unknown(),
  sender: z.unknown(),
  apiKey: z.unknown(),
  integration: z.array(z.string()).nullish(),
  extra: z.record(z.string(), z.unknown()).nullish(),
});

export type HostEvent = z.infer<typeof hostEvent>;

/** Where one sink is to deliver one event. */
export interface Destination {
  sink: string;
  /** Understood by the sink only. */
  target: unknown;
}

/** Says which sinks want an event of this instance. Asked once for each batch and instance; may read the database. */
export type Routing = (instance: string) => Promise<(event: string) => Destination[]>;
