import { Logger, makeWorkerUtils, run } from 'graphile-worker';
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'pg';
import type { Contender, Stage } from '../contender';
import { payloadOf, type BenchEvent } from '../event';
import { confirmingPublisher } from '../publisher';
import { Room } from '../room';

const TASK = 'publish';
const BATCH = 500;
const MOST_WAITING = Number(process.env.ROOM ?? 2_000);
/** Its documentation has 24; more are needed here, as each job waits for a confirm. */
const CONCURRENCY = Number(process.env.CONC ?? 200);
const LOOK_MS = 20;
const TOLD = new Set<string>(['error', 'warning']);

/** graphile-worker with the batching that its documentation advises for throughput. */
export async function startGraphileWorker({ databaseUrl, brokerUrl }: Stage): Promise<Contender> {
  const pgPool = new Pool({ connectionString: databaseUrl, max: Number(process.env.POOL ?? 10) });
  const publisher = await confirmingPublisher(brokerUrl);
  const room = new Room(MOST_WAITING);
  const logger = new Logger(() => (level, message) => {
    if (TOLD.has(level)) console.error(message);
  });
  const utils = await makeWorkerUtils({ pgPool, logger });
  await utils.migrate();
  const runner = await run({
    preset: {
      worker: {
        concurrentJobs: CONCURRENCY,
        localQueue: { size: Number(process.env.LQ ?? 500) },
        completeJobBatchDelay: Number(process.env.DELAY ?? 0),
        failJobBatchDelay: 0,
      },
    },
    pgPool,
    logger,
    noHandleSignals: true,
    taskList: {
      [TASK]: async (payload) => {
        await publisher.publish(payloadOf(payload as BenchEvent));
        room.give(1);
      },
    },
  });
  return {
    batch: BATCH,
    outstanding: Number(process.env.OUT ?? 2),
    async put(events) {
      await room.take(events.length);
      await utils.addJobs(events.map((payload) => ({ identifier: TASK, payload })));
    },
    async finished() {
      // A job that is done is a row that is gone.
      const left = 'SELECT FROM graphile_worker._private_jobs LIMIT 1';
      while ((await pgPool.query(left)).rowCount === 1) await sleep(LOOK_MS);
    },
    async stop() {
      await runner.stop();
      await utils.release();
      await publisher.close();
      await pgPool.end();
    },
  };
}
