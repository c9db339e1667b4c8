import { setTimeout as sleep } from 'node:timers/promises';
import { emitAround } from '../emit-around';
import type { Scenario } from '../scenario';

const ALARMS = 2;
const ALARM_MS = 4_000;

/** RabbitMQ is told that it has no memory left, so that it reads nothing more from who publishes; and then that it has. */
export const brokerAlarm: Scenario = {
  name: 'broker-alarm',
  database: 'postgres',
  weight: 1,
  async run({ events, broker, host: startHost }) {
    const host = await startHost();
    await emitAround(host, events, 9 * ALARMS, async () => {
      for (let alarm = 0; alarm < ALARMS; alarm += 1) {
        await broker.ctl(['set_vm_memory_high_watermark', 'absolute', '1']);
        await sleep(ALARM_MS);
        await broker.ctl(['set_vm_memory_high_watermark', '0.4']);
      }
    });
  },
};
