import type { Scenario } from '../scenario';
import { clockMoved } from './clock-moved';
import { databaseKill, databaseRestart } from './database';
import { clockSetBack, holderAdopted, holderPaused } from './holder-paused';
import { hostKill, hostKillBeside } from './host-kill';
import { redisFailover, redisFlush, redisKill } from './redis';
import { typing } from './typing';

/** In the order in which they run. */
export const SCENARIOS: readonly Scenario[] = [
  holderPaused(),
  holderAdopted(),
  redisKill(),
  redisFailover(),
  redisFlush(),
  hostKill(),
  hostKillBeside(),
  clockMoved(),
  clockSetBack(),
  databaseRestart('database-restart', 'postgres'),
  databaseKill('database-kill', 'postgres'),
  typing(),
  hostKill(2, 'mariadb'),
  databaseRestart('mariadb-restart', 'mariadb'),
];
