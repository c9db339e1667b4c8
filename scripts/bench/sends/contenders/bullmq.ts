import { Queue, Worker } from 'bullmq';
import type { Message } from '../fake-channel';
import type { Channel, Sender, Stage } from '../sender';

interface Line {
  queue: Queue<Message>;
  worker: Worker<Message>;
}

/** A queue with a worker of concurrency 1 for each chat, opened when it is first sent to. */
export function startBullmq({ redisUrl }: Stage, channel: Channel): Sender {
  const { hostname: host, port } = new URL(redisUrl);
  const connection = { host, port: Number(port) };
  const lines = new Map<string, Line>();
  const waiting = new Map<string, { done: () => void; failed: (error: Error) => void }>();

  const open = (chat: string): Line => {
    const name = chat.replaceAll(/\W/g, '-'); // a colon is not allowed
    const queue = new Queue<Message>(name, { connection, defaultJobOptions: { removeOnComplete: true } });
    const worker = new Worker<Message>(name, ({ data }) => channel(data), { connection, concurrency: 1 });
    // The caller is in the same process, so the worker's own event answers sooner than QueueEvents could.
    worker.on('completed', ({ data }) => waiting.get(keyOf(data))?.done());
    worker.on('failed', (job, error) => job && waiting.get(keyOf(job.data))?.failed(error));
    worker.on('error', (error) => console.error(error));
    const line = { queue, worker };
    lines.set(chat, line);
    return line;
  };
  return {
    async send(message) {
      const { queue } = lines.get(message.chat) ?? open(message.chat);
      const key = keyOf(message);
      const sent = new Promise<void>((done, failed) => waiting.set(key, { done, failed }));
      await Promise.all([queue.add('send', message), sent]);
      waiting.delete(key);
    },
    async stop() {
      await Promise.all([...lines.values()].flatMap(({ queue, worker }) => [worker.close(), queue.close()]));
    },
  };
}

const keyOf = ({ chat, number }: Message) => `${chat} ${number}`;
