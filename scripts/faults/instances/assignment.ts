/** What a host process is told at its start. */
export interface Assignment {
  databaseUrl: string;
  whatsAppPort: number;
  /** Where it runs: its folder of keys is in there. */
  folder: string;
  isStock: boolean;
  /** Whether it loads the instances, as a host does at its start. */
  loads: boolean;
  /** Whether its sockets go on saving credentials when they have ended. */
  savesLate: boolean;
  /** DEL_INSTANCE; false: no timer. */
  delInstanceMinutes: number | false;
}

/** What it can be asked for. Those of the host name an instance, those of the plugin its id. */
export interface Calls {
  create: { name: string };
  connect: { name: string };
  logout: { name: string };
  delete: { name: string };
  /** DEL_INSTANCE begins to count. */
  time: { name: string };
  restore: { id: string };
  purge: { id: string };
  /** Work on that instance stops for ever when it has come to that point. */
  hold: { id: string; point: string };
  /** What is in memory and in the table of states, by name. */
  look: Record<string, never>;
}

export interface Order<Call extends keyof Calls = keyof Calls> {
  number: number;
  call: Call;
  with: Calls[Call];
}

/** An instance as a process sees it. */
export interface Seen {
  id: string;
  /** In the host's memory; absent: it is not loaded. */
  memory: string | undefined;
  /** Version and state as the plugin tells them; absent without it. */
  told: string | undefined;
}

/** A line of the journal. */
export type Line =
  { answer: number; ms: number; result?: unknown; error?: string } | { point: string; id: string; isHeld: boolean };
