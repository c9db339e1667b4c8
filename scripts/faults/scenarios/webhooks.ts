import { setTimeout as sleep } from 'node:timers/promises';
import { emitAround } from '../emit-around';
import type { Scenario } from '../scenario';
import type { Behaviour } from '../webhook-receiver';

const BAD_MS = 8_000;

/** The receiver of webhooks behaves in that way for a while, and then well again. */
const receiverThat = (name: string, behaviour: Behaviour): Scenario => ({
  name,
  database: 'postgres',
  weight: 0.5,
  async run({ events, receiver, arrivals, host: startHost, note }) {
    const host = await startHost({ sink: 'webhook' });
    await emitAround(host, events, BAD_MS / 1000, async () => {
      receiver.behaviour = behaviour;
      await sleep(BAD_MS);
      receiver.behaviour = undefined;
      const since = Date.now();
      await arrivals.next();
      const seconds = ((Date.now() - since) / 1000).toFixed(1);
      note(`${receiver.misbehaved} requests met it; events arrive again ${seconds} s after it was over`);
    });
  },
});

/** Half of the events were taken all the same: a receiver that dies before it answers may have done its work. */
const half = { takes: () => Math.random() < 0.5 };
const none = { takes: () => false };

export const webhooks: readonly Scenario[] = [
  receiverThat('webhook-hang', { ...half, answer: () => undefined }),
  receiverThat('webhook-500', { ...none, answer: (response) => response.writeHead(500).end() }),
  receiverThat('webhook-429', { ...none, answer: (response) => response.writeHead(429, { 'retry-after': '2' }).end() }),
  receiverThat('webhook-reset', { ...half, answer: ({ socket }) => socket?.resetAndDestroy() }),
];
