import type { RunningService } from '../../services';
import type { SendStore } from '../../../src/stores/send-store';
import type { DatabaseName, DatabaseServer } from '../database-server';
import type { Channel } from './channel';
import type { SendingHost } from './sending-host';

/** What one scenario works with: servers that it may break, and a database on them of its own. */
export interface Stage {
  /** So many sends are to be accepted, by all its hosts together. */
  readonly sends: number;
  readonly database: DatabaseServer;
  readonly redis: RunningService;
  readonly channel: Channel;
  /** The journal, read from outside. */
  readonly journal: SendStore;
  /** Starts a host. Its sends count, and it ends with the scenario. */
  readonly host: (place?: Partial<HostPlace>) => Promise<SendingHost>;
  /** Has a dead process taken off the list, as happens by itself 15 s after its last word. */
  readonly bury: (host: SendingHost) => Promise<void>;
  /** Runs when the hosts have ended, last one first. */
  readonly afterwards: (end: () => Promise<void>) => void;
  /** Tells what was seen, for whoever reads the table. */
  readonly note: (text: string) => void;
}

/** What a host is told of the world, where that is not simply the stage. */
export interface HostPlace {
  stream: string;
  redisUrl: string;
}

export interface Scenario {
  readonly name: string;
  /** The database that holds the journal. */
  readonly database: DatabaseName;
  /** Part of all sends, in relation to the others. */
  readonly weight: number;
  readonly chats: number;
  /** Sends are typed for up to that long before they leave. */
  readonly mostTypingMs: number;
  /** Whether it says something about a host without the plugin too. */
  readonly alsoStock: boolean;
  /** Breaks things while hosts send. */
  readonly run: (stage: Stage) => Promise<void>;
}
