import { setTimeout as sleep } from 'node:timers/promises';
import type { DatabaseName } from '../database-server';
import { emitAround } from '../emit-around';
import type { Scenario } from '../scenario';

const PAUSE_MS = 600;

/** All sessions of the host are ended from outside, again and again. */
export const databaseBackends = (name: string, database: DatabaseName, times = 30): Scenario => ({
  name,
  database,
  weight: 1,
  async run({ events, database: server, databaseUrl, host: startHost, note }) {
    const session = await server.open(databaseUrl);
    const host = await startHost();
    let ended = 0;
    await emitAround(host, events, (times * PAUSE_MS) / 2_000, async () => {
      for (let time = 0; time < times; time += 1) {
        await sleep(Math.random() * PAUSE_MS);
        const sessions = await session.query<{ id: number }>(server.listSessions);
        // One that has ended by itself meanwhile is an error for MariaDB.
        for (const { id } of sessions) await session.query(server.endSession(Number(id))).catch(() => undefined);
        ended += sessions.length;
      }
    });
    await session.end();
    note(`${ended} sessions were ended`);
  },
});
