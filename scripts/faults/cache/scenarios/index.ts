import type { Scenario } from '../scenario';
import { clusterFailover, clusterKill, clusterSleep } from './cluster';
import { replicaLag, replicaOnly } from './replica';
import { sentinelFailover, sentinelKill, sentinelSleep } from './sentinel';
import { away, flushAll, silence } from './single';

/** In the order in which they run. */
export const SCENARIOS: readonly Scenario[] = [
  sentinelFailover(),
  sentinelKill(),
  sentinelSleep(),
  clusterFailover(),
  clusterKill(),
  clusterSleep(),
  replicaLag(),
  replicaOnly(),
  away(),
  silence(),
  flushAll(),
];
