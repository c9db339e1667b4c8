import { Redlock } from '@sesamecare-oss/redlock';
import Redis from 'ioredis';
import type { Channel, Sender, Stage } from '../sender';
import { startOrdered } from './ordered';

const LOCK_MS = 10_000;
/** The library's own pause between two attempts at a lock. */
export const SHIPPED_DELAY_MS = 200;
/** Those that are tried. */
export const RETRY_DELAYS_MS = [2, 5, 10, 20, 50, 100, SHIPPED_DELAY_MS];

/** A lock for every send, taken and released, as the library's readme shows it. Who comes while it is taken asks again. */
export async function startRedlock({ redisUrl }: Stage, channel: Channel, retryDelayMs: number): Promise<Sender> {
  const client = new Redis(redisUrl);
  await client.ping();
  const redlock = new Redlock([client], {
    retryCount: -1,
    retryDelay: retryDelayMs,
    retryJitter: Math.ceil(retryDelayMs / 2),
  });
  return {
    async send(message) {
      const lock = await redlock.acquire([message.chat], LOCK_MS);
      await channel(message);
      await lock.release();
    },
    stop: () => Promise.resolve(client.disconnect()),
  };
}

/** The same behind a chain of promises for each chat: nobody in this process asks for a lock that is taken here. */
export async function startChainedRedlock(stage: Stage, channel: Channel): Promise<Sender> {
  const locking = await startRedlock(stage, channel, 20);
  const ordered = startOrdered((message) => locking.send(message));
  return { send: (message) => ordered.send(message), stop: () => locking.stop() };
}
