import PgBoss from 'pg-boss';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Contender, Stage } from '../contender';
import { payloadOf, type BenchEvent } from '../event';
import { confirmingPublisher, type ConfirmingPublisher } from '../publisher';
import { Room } from '../room';

const NAME = 'events';
const BATCH = 500;
const MOST_WAITING = 2_000;
const WORKERS = 2;
const LOOK_MS = 20;

/**
 * pg-boss as its documentation advises for throughput: jobs inserted and worked in batches. Workers are
 * told of every insert, and look again after every batch, so that none sits out its polling interval with jobs there.
 */
export async function startPgBoss({ databaseUrl, brokerUrl }: Stage): Promise<Contender> {
  const boss = new PgBoss({ connectionString: databaseUrl, max: 10 });
  boss.on('error', (error) => console.error(error));
  await boss.start();
  await boss.createQueue(NAME);
  const room = new Room(MOST_WAITING);
  const publisher = await confirmingPublisher(brokerUrl);
  const workers: string[] = [];
  for (let worker = 0; worker < WORKERS; worker += 1) workers.push(await startWorker(boss, publisher, room));
  return {
    batch: BATCH,
    outstanding: 2,
    async put(events) {
      await room.take(events.length);
      await boss.insert(events.map((data) => ({ name: NAME, data })));
      for (const id of workers) boss.notifyWorker(id);
    },
    async finished(total) {
      while ((await boss.getQueueSize(NAME, { before: 'completed' })) > 0) await sleep(LOOK_MS);
      const left = await boss.getQueueSize(NAME, { before: 'failed' });
      if (left < total) throw new Error(`${left} of ${total} jobs were completed`);
    },
    async stop() {
      await boss.stop({ graceful: false, wait: true });
      await publisher.close();
    },
  };
}

async function startWorker(boss: PgBoss, publisher: ConfirmingPublisher, room: Room): Promise<string> {
  const options = { batchSize: BATCH, pollingIntervalSeconds: 0.5, priority: false };
  const id: string = await boss.work<BenchEvent>(NAME, options, async (jobs) => {
    boss.notifyWorker(id);
    await Promise.all(jobs.map(({ data }) => publisher.publish(payloadOf(data))));
    room.give(jobs.length);
  });
  return id;
}
