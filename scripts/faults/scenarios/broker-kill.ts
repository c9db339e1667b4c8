import { setTimeout as sleep } from 'node:timers/promises';
import { emitAround } from '../emit-around';
import type { Scenario } from '../scenario';

const KILLS = 3;

/** RabbitMQ is killed with SIGKILL while it confirms, and started again at once. */
export const brokerKill: Scenario = {
  name: 'broker-kill',
  database: 'postgres',
  weight: 1,
  async run({ events, broker, arrivals, host: startHost }) {
    const host = await startHost();
    await emitAround(host, events, 8 * KILLS, async () => {
      for (let kill = 0; kill < KILLS; kill += 1) {
        await arrivals.next();
        await sleep(Math.random() * 500);
        await broker.kill();
        await broker.restart();
      }
    });
  },
};
