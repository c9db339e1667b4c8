import { describe } from '../../src/core/errors';
import type { Progress } from '../host/progress';
import { rabbitmq, startRabbitmq } from '../services';
import { Door } from './door';
import type { BreakableBroker } from './outage';

/**
 * One of our own; or, where only a URL is given, a door to that one. Undefined, with a line that says why, where there
 * is none to be had.
 */
export async function findBroker(progress: Progress): Promise<BreakableBroker | undefined> {
  const url = process.env[rabbitmq.variable];
  if (url && !rabbitmq.find()) return Door.to(url);
  try {
    return await startRabbitmq({ private: true });
  } catch (error) {
    progress.say(`no RabbitMQ: ${describe(error)}`);
    return undefined;
  }
}
