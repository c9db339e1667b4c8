import type { Scenario } from '../scenario';
import { brokerAlarm } from './broker-alarm';
import { brokerKill } from './broker-kill';
import { brokerRestart } from './broker-restart';
import { brokerStop } from './broker-stop';
import { databaseBackends } from './database-backends';
import { databaseKill, databaseRestart } from './database-restart';
import { diskFull } from './disk-full';
import { halfOpenBroker, halfOpenDatabase } from './half-open';
import { hostKill } from './host-kill';
import { poolExhausted } from './pool-exhausted';
import { twoHosts } from './two-hosts';
import { webhooks } from './webhooks';

/** In the order in which they run. */
export const SCENARIOS: readonly Scenario[] = [
  hostKill,
  twoHosts(),
  brokerStop,
  brokerKill,
  brokerRestart,
  brokerAlarm,
  halfOpenBroker(),
  halfOpenDatabase('half-open-database', 'postgres'),
  databaseRestart('database-restart', 'postgres'),
  databaseKill('database-kill', 'postgres'),
  databaseBackends('database-backends', 'postgres'),
  poolExhausted,
  diskFull,
  halfOpenDatabase('half-open-mariadb', 'mariadb'),
  databaseRestart('mariadb-restart', 'mariadb'),
  databaseKill('mariadb-kill', 'mariadb'),
  databaseBackends('mariadb-sessions', 'mariadb'),
  ...webhooks,
];
