import { setTimeout as sleep } from 'node:timers/promises';
import { emitAround } from '../emit-around';
import type { Scenario } from '../scenario';

const RESTARTS = 4;

/** RabbitMQ is restarted again and again, the next time as soon as events arrive. */
export const brokerRestart: Scenario = {
  name: 'broker-restart',
  database: 'postgres',
  weight: 1,
  async run({ events, broker, arrivals, host: startHost }) {
    const host = await startHost();
    await emitAround(host, events, 8 * RESTARTS, async () => {
      for (let restart = 0; restart < RESTARTS; restart += 1) {
        await arrivals.next();
        await sleep(Math.random() * 200);
        await broker.restart();
      }
    });
  },
};
