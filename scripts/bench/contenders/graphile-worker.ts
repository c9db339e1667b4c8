import { Logger, makeWorkerUtils, run } from 'graphile-worker';
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'pg';
import type { Contender, Stage } from '../contender';
import { payloadOf, type BenchEvent } from '../event';
import { confirmingPublisher } from '../publisher';
import { Room } from '../room';

const TASK = 'publish';
const BATCH = 500;
const MOST_WAITING = 2_000;
/** Its documentation has 24; more are needed here, as each job waits for a confirm. */
const CONCURRENCY = 200;
const LOOK_MS = 20;

/**
 * graphile-worker with the batching that its documentation advises for throughput. It warns of a pool smaller than its
 * concurrency, which does not matter here: with a local queue and batched completion its workers ask no database.
 */
export async function startGraphileWorker({ databaseUrl, brokerUrl }: Stage): Promise<Contender> {
  const pgPool = new Pool({ connectionString: databaseUrl, max: 10 });
  pgPool.on('error', (error) => console.error(error));
  const publisher = await confirmingPublisher(brokerUrl);
  const room = new Room(MOST_WAITING);
  const logger = new Logger(() => (level, message) => {
    if (String(level) === 'error') console.error(message);
  });
  const utils = await makeWorkerUtils({ pgPool, logger });
  await utils.migrate();
  const runner = await run({
    preset: {
      worker: {
        concurrentJobs: CONCURRENCY,
        localQueue: { size: BATCH },
        completeJobBatchDelay: 0,
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
    outstanding: 2,
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
