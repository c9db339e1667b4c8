import { setTimeout as sleep } from 'node:timers/promises';
import type { DatabaseName } from '../../database-server';
import { Hosts } from '../hosts';
import type { Scenario } from '../scenario';

const COMMON = { weight: 1, chats: 10, mostTypingMs: 50, alsoStock: false } as const;
const AWAY_MS = 2_000;

/** The database is restarted in peace. */
export const databaseRestart = (name: string, database: DatabaseName, times = 3): Scenario => ({
  ...COMMON,
  name,
  database,
  async run(stage) {
    const hosts = await Hosts.start(stage, 2);
    await hosts.sendAround(times * 3, async () => {
      for (let time = 0; time < times; time += 1) {
        await sleep(Math.random() * 1_000);
        await stage.database.restart();
        await sleep(AWAY_MS);
      }
    });
  },
});

/** The database is killed with SIGKILL, and is back after some seconds. */
export const databaseKill = (name: string, database: DatabaseName, times = 3): Scenario => ({
  ...COMMON,
  name,
  database,
  async run(stage) {
    const hosts = await Hosts.start(stage, 2);
    await hosts.sendAround(times * 5, async () => {
      for (let time = 0; time < times; time += 1) {
        await sleep(Math.random() * 1_000);
        await stage.database.kill();
        await sleep(AWAY_MS);
        await stage.database.restart();
        await sleep(AWAY_MS);
      }
    });
  },
});
