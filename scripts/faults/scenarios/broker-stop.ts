import { setTimeout as sleep } from 'node:timers/promises';
import { emitAround } from '../emit-around';
import type { Scenario } from '../scenario';

const AWAY_MS = 5_000;

/** RabbitMQ is shut down in peace, and is back after some seconds. */
export const brokerStop: Scenario = {
  name: 'broker-stop',
  database: 'postgres',
  weight: 1,
  async run({ events, broker, host: startHost }) {
    const host = await startHost();
    await emitAround(host, events, 12, async () => {
      await sleep(500);
      await broker.kill('SIGTERM');
      await sleep(AWAY_MS);
      await broker.restart();
    });
  },
};
