import type { RunningRabbitmq } from '../services';
import type { Arrivals } from './arrivals';
import type { DatabaseName, DatabaseServer } from './database-server';
import type { Host, HostOptions } from './host';
import type { WebhookReceiver } from './webhook-receiver';

/** What one scenario works with: servers that it may break, and a database and a queue of its own on them. */
export interface Stage {
  /** So many events are to be acknowledged, by all its hosts together. */
  readonly events: number;
  readonly database: DatabaseServer;
  readonly databaseUrl: string;
  readonly broker: RunningRabbitmq;
  readonly receiver: WebhookReceiver;
  readonly arrivals: Arrivals;
  /** Of the host that emits that stream; may not be there yet. */
  readonly spillFolder: (stream: string) => string;
  /** Starts a host. Its events count, and it ends with the scenario. */
  readonly host: (place?: Partial<HostPlace>) => Promise<Host>;
  /** Runs when the hosts have ended, last one first. */
  readonly afterwards: (end: () => Promise<void>) => void;
  /** Tells what was seen, for whoever reads the table. */
  readonly note: (text: string) => void;
}

/** What a host is told of the world, where that is not simply the stage. */
export interface HostPlace extends Pick<HostOptions, 'stream' | 'sink' | 'wrapper'> {
  databaseUrl: string;
  brokerUrl: string;
}

export interface Scenario {
  readonly name: string;
  /** The database that holds the outbox. */
  readonly database: DatabaseName;
  /** Part of all events, in relation to the others. */
  readonly weight: number;
  /** Why it cannot be run here, if so. */
  readonly obstacle?: () => Promise<string | undefined>;
  /** Breaks things while hosts emit. Returns when the last event is acknowledged. */
  readonly run: (stage: Stage) => Promise<void>;
}
