import { setTimeout as sleep } from 'node:timers/promises';
import type { RunningRabbitmq } from '../services';
import type { Progress } from '../host/progress';

export const OUTAGES = ['stop', 'kill'] as const;
export type Outage = (typeof OUTAGES)[number];

const AWAY_MS = 5_000;

/** The broker goes, gracefully or not, and is started again a few seconds later. Resolves when it is back. */
export async function breakBroker(broker: RunningRabbitmq, outage: Outage, progress: Progress): Promise<void> {
  progress.say(outage === 'stop' ? '  the broker is being stopped' : '  the broker is being killed (SIGKILL)');
  const back = Date.now() + AWAY_MS;
  await broker.kill(outage === 'stop' ? 'SIGTERM' : 'SIGKILL');
  progress.say('  the broker is away');
  await sleep(Math.max(0, back - Date.now()));
  progress.say('  the broker is being started again');
  await broker.restart();
  progress.say('  the broker is back');
}
