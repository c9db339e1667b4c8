import { randomUUID } from 'node:crypto';
import { systemClock } from '../../../../src/core/clock';
import { createLog } from '../../../../src/core/log';
import { readSettings } from '../../../../src/core/settings';
import { readSend } from '../../../../src/host/send-reading';
import { createMetrics } from '../../../../src/metrics/metrics';
import { startSends } from '../../../../src/sends';
import { currentAttempt } from '../../../../src/sends/attempt';
import { openDatabase } from '../../../../src/stores/open-database';
import { LockServers, type HeldLock } from '../../../../src/stores/redis/lock-servers';
import type { SendStore } from '../../../../src/stores/send-store';
import type { Channel, Sender, Stage } from '../sender';

const INSTANCE = 'bench';
const INTEGRATION = 'WHATSAPP-BAILEYS';
const TEXT = 'x'.repeat(200);

/** What each trip to a server took, in milliseconds. */
export interface Trips {
  lock: number[];
  journal: number[];
}

export interface GuardedOptions {
  /** Filled as trips end. */
  trips?: Trips | undefined;
  /** Told under which fencing token a send is about to be made. */
  begun?: (sendId: string, fence: number) => void;
}

/** Ordered sends, wired as in src/compose-sends.ts, with the settings that an operator gets without asking. */
export async function startGuarded(
  { databaseUrl, redisUrl }: Stage,
  channel: Channel,
  options: GuardedOptions = {},
): Promise<Sender> {
  const settings = readSettings({});
  const log = createLog('warn', process.stderr);
  const [clock, random, metrics] = [systemClock, Math.random, createMetrics()];
  const database = await openDatabase({
    uri: databaseUrl,
    schema: 'guard',
    pooled: false,
    clientName: 'bench',
    connections: settings.databasePoolSize,
    log,
    random,
    metrics,
  });
  await database.start();
  const locks = new LockServers({ uris: [redisUrl], prefix: 'bench:', clock, log });
  await locks.ready();
  const timed = timer(options.trips);
  const sends = await startSends<HeldLock>({
    store: watched(database.sends, timed, options),
    locks: {
      acquire: (key, lengthMs) => timed('lock', () => locks.acquire(key, lengthMs)),
      extend: (lock, lengthMs) => locks.extend(lock, lengthMs),
      release: (lock) => locks.release(lock),
    },
    settings,
    owner: randomUUID(),
    about: `bench ${process.pid}`,
    instances: () => [{ name: INSTANCE, isOpen: true }],
    lookUpLid: () => Promise.resolve(undefined),
    repeat: () => Promise.reject(new Error('nothing was left by anybody')),
    resumed: () => Promise.resolve(),
    acknowledged: () => undefined,
    clock,
    random,
    log,
    metrics,
  });
  return {
    async send(message) {
      const args = [message.chat, { conversation: TEXT }, {}, false];
      const call = { integration: INTEGRATION, method: 'sendMessageWithTyping', channel: {}, args } as const;
      const perform = async () => {
        const attempt = currentAttempt();
        attempt?.leave();
        await channel(message);
        if (attempt) attempt.contact = { kind: 'taken', messageId: attempt.messageId };
      };
      const read = readSend({ ...call, args: [...args] }, settings.sendsKeepMaxBytes, true);
      await sends.send({ instance: INSTANCE, integration: INTEGRATION, ...read, perform });
    },
    async stop() {
      await sends.stop();
      await locks.stop();
      await database.stop();
    },
  };
}

type Timed = <T>(trip: keyof Trips, work: () => Promise<T>) => Promise<T>;

function timer(trips: Trips | undefined): Timed {
  return async (trip, work) => {
    const from = performance.now();
    const result = await work();
    trips?.[trip].push(performance.now() - from);
    return result;
  };
}

function watched(store: SendStore, timed: Timed, { begun }: GuardedOptions): SendStore {
  return {
    ...store,
    async begin(owner, beginnings) {
      const answers = await timed('journal', () => store.begin(owner, beginnings));
      for (const [place, answer] of answers.entries()) {
        if (answer.outcome === 'begun') begun?.(beginnings[place]?.sendId ?? '', answer.fence);
      }
      return answers;
    },
  };
}
