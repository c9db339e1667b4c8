import { hostname } from 'node:os';
import type { Cache } from './compose-cache';
import { composeSequences } from './compose-sequences';
import type { Clock } from './core/clock';
import type { Random } from './core/backoff';
import type { Log } from './core/log';
import { EVERYTHING } from './core/rollout';
import type { Settings } from './core/settings';
import { createIdempotencyDoor } from './console/idempotency-door';
import { createMessageDoor } from './console/message-door';
import { refuseLoops } from './console/refuse-loops';
import { instanceOf } from './host/acknowledgements';
import type { Host } from './host/handshake';
import { reservesIds } from './host/baileys-door';
import { joinBots, type BotHandler } from './host/bots-join';
import { channelOf, loadedInstances, numberBehind } from './host/loaded-instances';
import { asHostError } from './host/refusals';
import type { SendHandler } from './host/send-call';
import { readBody, readSend } from './host/send-reading';
import { joinSends } from './host/sends-join';
import type { Metrics } from './metrics/metrics';
import { startSends, type Sends } from './sends';
import { Idempotency } from './sends/idempotency';
import { startIdempotencyUpkeep } from './sends/idempotency-upkeep';
import { currentSurroundings } from './sends/turn';
import type { Database } from './stores/database';
import { LockServers } from './stores/redis/lock-servers';

export interface ComposeSendsOptions {
  host: Host;
  database: Database;
  cache: Pick<Cache, 'link' | 'primaryUrl'> | undefined;
  settings: Settings;
  /** Of this process, in the database. */
  owner: string;
  clock: Clock;
  random: Random;
  log: Log;
  metrics: Metrics;
}

/** Wires sends; the part of compose.ts that they have for themselves. @returns nothing where they are off. */
export async function composeSends(options: ComposeSendsOptions): Promise<Sends | undefined> {
  const { host, database, cache, settings, owner, clock, random, log, metrics } = options;
  const { sends: parts } = host;
  if (!parts) return undefined;
  const { monitor, controller } = parts;
  const prefix = `evolution-guard:${settings.clientName}:${settings.databaseSchema}:lock:`;
  // Where no other Redis is named, the one of the cache holds the locks: they go where its primary goes.
  const leader = process.env.GUARD_LOCK_REDIS_URIS ? undefined : cache;
  let url = leader?.primaryUrl();
  const uris = url === undefined ? settings.lockRedisUris : [url];
  const locks = uris ? new LockServers({ uris, prefix, clock, log }) : undefined;
  const unfollow = leader?.link.onChange(() => {
    const next = leader.primaryUrl();
    if (next === undefined || next === url) return;
    url = next;
    locks?.moveTo(next);
  });
  await locks?.ready();
  const idempotency = new Idempotency({
    store: database.idempotency,
    owner,
    limit: settings.sendsQueueLimit,
    retryMs: settings.sendsRetrySeconds * 1000,
    clock,
    random,
    log,
    metrics,
  });
  // The journal tells what became of a request whose process is gone: a key must not outlive what is said there.
  const windowMs = Math.min(settings.idempotencyHours, settings.sendsRetentionDays * 24) * 3_600_000;
  const stopUpkeep = startIdempotencyUpkeep({ store: database.idempotency, windowMs, log });
  const rollout = settings.rollout ?? EVERYTHING;
  const isGuarded = (instance: string) =>
    Object.hasOwn(monitor.waInstances, instance) && rollout.includes('sends', instance);
  const sends = await startSends({
    store: database.sends,
    locks,
    settings,
    owner,
    about: `${hostname()} ${process.pid}`,
    instances: () => loadedInstances(monitor),
    lookUpLid: (instance, lid) => numberBehind(monitor, instance, lid),
    async repeat({ instance, body }) {
      const { method, args } = readBody(body ?? Buffer.alloc(0));
      return channelOf(monitor, instance, method)(...args);
    },
    resumed: (...given) => idempotency.resumed(...given),
    acknowledged: () => undefined,
    sequences: await composeSequences({ host, database, settings, isGuarded }),
    clock,
    random,
    log,
    metrics,
  });
  const handler: SendHandler = async (call, stock) => {
    const instance = instanceOf(call.channel);
    if (!rollout.includes('sends', instance)) return stock();
    const { integration } = call;
    const send = {
      instance,
      integration,
      ...readSend(call, settings.sendsKeepMaxBytes, reservesIds(call.channel)),
      perform: stock,
    };
    return idempotency
      .track(currentSurroundings()?.requestId, () => sends.send(send))
      .catch((error: unknown) => {
        throw asHostError(error);
      });
  };
  const door = createMessageDoor({
    isGuarded,
    chatOf: (...given) => sends.chatOf(...given),
    openTurn: (...given) => sends.openTurn(...given),
  });
  const keyed = createIdempotencyDoor({
    idempotency,
    isGuarded: (instance) => rollout.includes('sends', instance),
  });
  host.app.use('/message', refuseLoops);
  host.app.use('/message', keyed); // before the other: who waits for an answer must not hold a place in the chat's queue
  for (const path of ['/message', '/chat']) host.app.use(path, door);
  const botHandler: BotHandler = (instance, number, stock) =>
    rollout.includes('sends', instance) ? sends.runBot(instance, number, stock) : stock();
  joinBots(parts.host, botHandler, log);
  joinSends(controller, {
    handler,
    acknowledge: (heard) => sends.acknowledge(heard),
    learnLid: (...pair) => sends.learnLid(...pair),
    log,
  });
  return {
    ...sends,
    async stop() {
      await sends.stop();
      await Promise.all([idempotency.stop(), stopUpkeep()]);
      unfollow?.();
      await locks?.stop();
    },
  };
}
