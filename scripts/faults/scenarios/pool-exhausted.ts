import { setTimeout as sleep } from 'node:timers/promises';
import type { Session } from '../database-server';
import { emitAround } from '../emit-around';
import type { Scenario, Stage } from '../scenario';

const HELD_MS = 8_000;

/**
 * First somebody else takes all connections that the server gives, then somebody locks the outbox, so that all
 * connections of the plugin wait. Both last longer than a capture waits for an answer (5 s).
 */
export const poolExhausted: Scenario = {
  name: 'pool-exhausted',
  database: 'postgres',
  weight: 1,
  async run(stage) {
    const host = await stage.host();
    await emitAround(host, stage.events, (2 * HELD_MS) / 1000 + 4, async () => {
      await takeAllConnections(stage);
      await sleep(2_000);
      await lockOutbox(stage);
    });
  },
};

async function takeAllConnections({ database, databaseUrl, note }: Stage): Promise<void> {
  const taken: Session[] = [];
  const takeWhatIsLeft = async () => {
    for (;;) {
      const session = await database.open(databaseUrl).catch(() => undefined);
      if (!session) return;
      taken.push(session);
    }
  };
  await takeWhatIsLeft();
  const [own] = taken;
  if (!own) throw new Error('the server gave no connection');
  const others = async () => {
    const sessions = await own.query<{ id: number; application_name: string }>(
      `SELECT pid AS id, application_name FROM pg_stat_activity WHERE application_name IN ('evolution-guard', 'host')`,
    );
    return sessions.map(({ id }) => id);
  };
  // The plugin opens new ones as fast as it can: who is faster takes turns.
  for (let left = await others(); left.length > 0; left = await others()) {
    for (const id of left) await own.query(database.endSession(id));
    await takeWhatIsLeft();
  }
  await sleep(HELD_MS);
  note(`${taken.length} connections were taken by somebody else, all that the server gives, for ${HELD_MS / 1000} s`);
  await Promise.all(taken.map((session) => session.end()));
}

async function lockOutbox({ database, databaseUrl, note }: Stage): Promise<void> {
  const session = await database.open(databaseUrl);
  await session.query('BEGIN');
  await session.query('LOCK TABLE evolution_guard.outbox IN ACCESS EXCLUSIVE MODE');
  await sleep(HELD_MS);
  await session.query('COMMIT');
  await session.end();
  note(`the outbox was locked by somebody else for ${HELD_MS / 1000} s`);
}
