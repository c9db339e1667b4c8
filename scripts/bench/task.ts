import type { Latency } from './latency';
import type { MemorySample } from './memory';
import type { ContenderName, PacedName } from './names';
import type { Limits, Throughput } from './throughput';

/** What one child process is to do, on a database and a queue of its own. */
export type Task =
  | { kind: 'throughput'; contender: ContenderName; limits: Limits }
  | { kind: 'latency'; contender: PacedName }
  | { kind: 'backlog'; rows: number }
  | { kind: 'memory'; events: number };

export interface Results {
  throughput: Throughput;
  latency: Latency;
  backlog: { rows: number; eventsPerSecond: number; seconds: number };
  memory: MemorySample[];
}

export interface Assignment {
  task: Task;
  databaseUrl: string;
  brokerUrl: string;
}
