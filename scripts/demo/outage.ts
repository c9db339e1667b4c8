import { setTimeout as sleep } from 'node:timers/promises';
import type { Progress } from '../host/progress';
import type { RunningService } from '../services';

export const OUTAGES = ['stop', 'kill'] as const;
export type Outage = (typeof OUTAGES)[number];

/** A broker that can go away and come back. */
export type BreakableBroker = Pick<RunningService, 'url' | 'how' | 'kill' | 'restart' | 'stop'>;

const AWAY_MS = 5_000;

/** The broker goes, gracefully or not, and is started again a few seconds later. Resolves when it is back. */
export async function breakBroker(broker: BreakableBroker, outage: Outage, progress: Progress): Promise<void> {
  const how = outage === 'stop' ? 'being stopped' : 'being killed (SIGKILL)';
  progress.say(`  the broker is ${broker.how === 'given' ? 'being cut off' : how}`);
  const back = Date.now() + AWAY_MS;
  await broker.kill(outage === 'stop' ? 'SIGTERM' : 'SIGKILL');
  progress.say('  the broker is away');
  await sleep(Math.max(0, back - Date.now()));
  progress.say('  the broker is being started again');
  await broker.restart();
  progress.say('  the broker is back');
}
