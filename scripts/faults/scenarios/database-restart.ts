import { setTimeout as sleep } from 'node:timers/promises';
import type { DatabaseName } from '../database-server';
import { emitAround } from '../emit-around';
import type { Scenario } from '../scenario';

const TIMES = 3;
const AWAY_MS = 2_000;

/** The database is restarted in peace, again and again. */
export const databaseRestart = (name: string, database: DatabaseName): Scenario => ({
  name,
  database,
  weight: 1,
  async run({ events, database: server, arrivals, host: startHost }) {
    const host = await startHost();
    await emitAround(host, events, 5 * TIMES, async () => {
      for (let time = 0; time < TIMES; time += 1) {
        await arrivals.next();
        await sleep(Math.random() * 500);
        await server.restart();
      }
    });
  },
});

/** The database is killed with SIGKILL again and again, and is back after some seconds. */
export const databaseKill = (name: string, database: DatabaseName): Scenario => ({
  name,
  database,
  weight: 1,
  async run({ events, database: server, arrivals, host: startHost }) {
    const host = await startHost();
    await emitAround(host, events, 6 * TIMES, async () => {
      for (let time = 0; time < TIMES; time += 1) {
        await arrivals.next();
        await sleep(Math.random() * 500);
        await server.kill();
        await sleep(AWAY_MS);
        await server.restart();
      }
    });
  },
});
