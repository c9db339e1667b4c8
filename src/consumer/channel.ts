import type { Channel } from 'amqplib';
import { backoffMs, type Random } from '../core/backoff';
import type { Clock } from '../core/clock';
import { describe } from '../core/errors';
import { sleep } from '../core/sleep';
import type { ConsumerLog } from './options';

/** What every part that speaks to the broker is handed. */
export interface Surroundings {
  log: ConsumerLog;
  clock: Clock;
  random: Random;
}

/** A channel that lasted this long has worked: the next one need not be waited for. */
const LASTING_MS = 10_000;
/** What the broker refuses for now, a queue that does not exist yet for instance, is tried again within this time. */
const MOST_DELAY_MS = 5_000;

/** @returns a signal that is aborted when the channel is gone; its reason is what the broker found wrong, else null. */
export function lossOf(channel: Channel): AbortSignal {
  const lost = new AbortController();
  let reason: unknown = null;
  channel.on('error', (error) => (reason = error)); // followed by 'close'
  channel.on('close', () => lost.abort(reason));
  return lost.signal;
}

/**
 * Opens a channel, and another one when that is gone, until `end`. Says why only when that changes.
 *
 * @param open resolves, when the channel does its work, to the signal of its loss.
 */
export async function keepOpen(
  what: string,
  open: () => Promise<AbortSignal>,
  end: AbortSignal,
  { log, clock, random }: Surroundings,
): Promise<void> {
  let told: string | undefined;
  for (let attempt = 0; !end.aborted; attempt += 1) {
    const since = clock.monotonic();
    const reason = await opened(open, end);
    if (clock.monotonic() - since > LASTING_MS) {
      attempt = 0;
      told = undefined;
    }
    if (end.aborted) return;
    if (reason !== null) {
      const detail = describe(reason);
      if (detail !== told) log.warn({ what, detail }, 'a channel to RabbitMQ is opened again');
      told = detail;
    }
    await sleep(backoffMs(attempt, random, 100, MOST_DELAY_MS), end);
  }
}

/** Resolves to the reason when the channel could not be opened, was lost, or is no longer needed. */
async function opened(open: () => Promise<AbortSignal>, end: AbortSignal): Promise<unknown> {
  try {
    const lost = await open();
    await aborted(AbortSignal.any([lost, end]));
    return lost.reason as unknown;
  } catch (error) {
    return error;
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
