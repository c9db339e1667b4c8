import type { CredentialStore } from '../../../src/stores/credentials';
import type { InstanceStore } from '../../../src/stores/instance-store';
import type { DatabaseName } from '../database-server';
import type { Assignment } from './assignment';
import type { Estate } from './estate';
import type { InstanceHost } from './instance-host';
import type { Sql } from './sql';
import type { WhatsApp } from './whatsapp';

/** How much of it all. */
export interface Sizes {
  /** Instances that are logged out at once. */
  logouts: number;
  /** Messages of the instance that is purged. */
  messages: number;
}

/** What became of the instances of one scenario, or of all. */
export interface Losses {
  /** Sessions that ended. */
  logouts: number;
  /** Instances that are gone, are not loaded any more, or cannot be connected again; or whose credentials are. */
  instancesLost: number;
  /** Rows that are gone. */
  rowsLost: number;
}

/** What one scenario works with: a server that stands for WhatsApp, and a database and a folder of its own. */
export interface Stage {
  readonly sizes: Sizes;
  readonly isStock: boolean;
  readonly sql: Sql;
  readonly whatsApp: WhatsApp;
  readonly estate: Estate;
  /** The plugin's tables, read from outside. */
  readonly store: InstanceStore;
  /** Where the host keeps credentials. */
  readonly credentials: CredentialStore;
  /** Starts a host. It ends with the scenario. */
  readonly host: (place?: Partial<HostPlace>) => Promise<InstanceHost>;
  /** Resolves when no work on instances is open; without the plugin, after a while in which its clean-ups end. */
  readonly settled: () => Promise<void>;
  /** Ends the leases of processes that are gone, as happens by itself after 30 s. */
  readonly endLeases: () => Promise<void>;
  /** Tells what was seen, for whoever reads the table. */
  readonly note: (text: string) => void;
}

export interface HostPlace extends Pick<Assignment, 'loads' | 'savesLate' | 'delInstanceMinutes'> {
  /** Tells processes apart. */
  name: string;
  /** DEL_TEMP_INSTANCES */
  delTemp: boolean;
}

export interface Scenario {
  readonly name: string;
  readonly database: DatabaseName;
  /** Whether it says something about a host without the plugin too. */
  readonly alsoStock: boolean;
  readonly run: (stage: Stage) => Promise<Losses>;
}
