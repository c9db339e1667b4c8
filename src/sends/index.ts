import type { Random } from '../core/backoff';
import type { Clock } from '../core/clock';
import type { Log } from '../core/log';
import type { Settings } from '../core/settings';
import { sleep } from '../core/sleep';
import type { Metrics } from '../metrics/metrics';
import type { Acknowledgement, AdoptedSend, SendState, SendStore } from '../stores/send-store';
import { Acknowledgements } from './acknowledgements';
import { Adoption, type Adopt } from './adoption';
import { BotTurns } from './bot-turns';
import { ChatLeases, type Locks, type TimedLock } from './chat-leases';
import { HeadStart } from './head-start';
import { Journal } from './journal';
import { LidDirectory } from './lid-directory';
import { Pacing } from './pacing';
import { Recovery, type LoadedInstance } from './recovery';
import { SendGuard } from './send-guard';
import { SendMaker } from './send-maker';
import type { SendRequest } from './send-request';
import { createSequences, type SequenceParts } from './sequences/create-sequences';
import type { Sequences } from './sequences/sequences';
import type { Turn } from './turn';
import { startUpkeep } from './upkeep';

export interface SendsOptions<L extends TimedLock> {
  store: SendStore;
  /** Absent where no Redis is set. */
  locks: Locks<L> | undefined;
  settings: Settings;
  owner: string;
  about: string;
  /** What of the host this process has loaded. */
  instances: () => readonly LoadedInstance[];
  /** Asks an instance's channel for the number behind a LID. */
  lookUpLid: (instance: string, lid: string) => Promise<string | undefined>;
  /** Calls the host's method again that a send was made with. */
  repeat: (send: AdoptedSend) => Promise<unknown>;
  /** Told how a send that was taken over came out. */
  resumed: (send: AdoptedSend, ending: { result: unknown } | { error: unknown }) => Promise<void>;
  /** Told of each send that WhatsApp has said something new about. */
  acknowledged: (sendId: string, state: SendState) => void;
  /** Absent where the host lacks what they need. */
  sequences?: SequenceParts | undefined;
  clock: Clock;
  random: Random;
  log: Log;
  metrics: Metrics;
}

/** Ordered, journalled sends. */
export interface Sends {
  /** Makes a send when its turn has come; see SendGuard.send. */
  send(request: SendRequest): Promise<unknown>;
  /** Takes a chat's turn for a piece of work; see SendGuard.openTurn. */
  openTurn: SendGuard['openTurn'];
  /** Runs a bot's answer to one message; see BotTurns. */
  runBot: BotTurns['run'];
  /** The chat that a number, as a caller wrote it, is in; undefined for none or several. */
  chatOf(instance: string, number: unknown): string | undefined;
  /** Remembers which number is behind a LID. */
  learnLid(instance: string, lid: unknown, number: unknown): void;
  acknowledge(all: readonly Acknowledgement[]): void;
  /** Sends of this process that wait or are being made. */
  waiting(): number;
  readonly sequences: Pick<Sequences, 'accept' | 'cancel'> | undefined;
  stop(): Promise<void>;
}

/** How long the end of the host waits for sends that are under way, typing delays among them. */
const PATIENCE_MS = 8_000;

/** Takes sends from now on. What processes that are gone have left is taken up at once, and from then on. */
export async function startSends<L extends TimedLock>(options: SendsOptions<L>): Promise<Sends> {
  const { store, locks, settings, owner, about, instances, repeat, resumed, clock, random, log, metrics } = options;
  const journal = new Journal(store, owner);
  const leases = new ChatLeases({
    locks,
    leaseMs: settings.lockLeaseMs,
    fallback: settings.lockFallback,
    clock,
    random,
    log,
    metrics,
  });
  metrics.sendsLocksUp.set(1);
  const pacing = new Pacing({
    perInstance: settings.sendsInstancePerMinute,
    perChat: settings.sendsChatPerMinute,
    jitterMs: settings.sendsJitterMs,
    clock,
    random,
  });
  const headStart = new HeadStart({ journal, heldOf: (key) => leases.heldOf(key) });
  const maker: SendMaker = new SendMaker({
    journal,
    headStart,
    leases,
    pace: (...given) => pacing.delayMs(...given),
    owed: (key) => recovery.settle(key),
    isOwing: (key) => recovery.isOwing(key),
    putOff: (sendId) => recovery.putOff(sendId),
    overtaken: () => recovery.nudge(),
    retryMs: settings.sendsRetrySeconds * 1000,
    clock,
    random,
    log,
    metrics,
  });
  const guard: SendGuard = new SendGuard({
    headStart,
    maker,
    limits: { total: settings.sendsQueueLimit, perChat: settings.sendsChatQueueLimit },
    maxTextCharacters: settings.sendsMaxTextCharacters,
    chatOf: (...given) => lids.chatOf(...given),
    emptied: (key) => maker.forget(key),
    clock,
    metrics,
  });
  const lids: LidDirectory = new LidDirectory({
    lookUp: options.lookUpLid,
    isBusy: (...given) => guard.isBusy(...given),
  });
  const bots = new BotTurns({
    chatOf: (...given) => lids.chatOf(...given),
    openTurn: (...given) => guard.openTurn(...given),
  });
  const sequences =
    options.sequences &&
    createSequences(options.sequences, {
      botsSettled: (...given) => bots.settled(...given),
      journal: store,
      owner,
      instances,
      openTurn: (...given) => guard.openTurn(...given),
      chatOf: (...given) => lids.chatOf(...given),
      settle: (key) => recovery.settle(key),
      hold: (...given) => leases.hold(...given),
      letGo: (key) => leases.drop(key),
      repeat,
      ended: resumed,
      retentionDays: settings.sendsRetentionDays,
      clock,
      random,
      log,
      metrics,
    });
  const adoption = new Adoption(store);
  const adopt: Adopt = (...given) => adoption.adopt(...given);
  const recovery: Recovery = new Recovery({
    store: { ...store, adopt: sequences?.inFrontOf(adopt) ?? adopt },
    journal,
    owner,
    about,
    instances,
    openTurn: (instance, chat, how): Turn => guard.openTurn(instance, chat, how),
    repeat,
    ended: resumed,
    clock,
    log,
    metrics,
  });
  const changed: SendsOptions<L>['acknowledged'] = (sendId, state) => {
    sequences?.acknowledged(sendId);
    options.acknowledged(sendId, state);
  };
  const acknowledgements = new Acknowledgements({ store, changed, clock, random, log, metrics });
  await recovery.start();
  sequences?.start();
  const { sendsAckDeadlineSeconds: ackDeadlineSeconds, sendsRetentionDays: retentionDays } = settings;
  const stopUpkeep = startUpkeep({ store, ackDeadlineSeconds, retentionDays, clock, log, metrics });

  return {
    send(request) {
      recovery.release(request.instance);
      sequences?.release(request.instance);
      return guard.send(request);
    },
    openTurn(...given) {
      sequences?.release(given[0]);
      return guard.openTurn(...given);
    },
    chatOf: (...given) => lids.chatOf(...given),
    runBot: (...given) => bots.run(...given),
    learnLid: (...given) => lids.learn(...given),
    acknowledge: (all) => acknowledgements.take(all),
    waiting: () => guard.size,
    sequences,
    async stop() {
      await sequences?.stop();
      await Promise.all([recovery.stop(), stopUpkeep()]);
      maker.refuse();
      await untilEmpty(guard, clock);
      await maker.stop();
      acknowledgements.stop();
      await recovery.resign();
      leases.stop();
    },
  };
}

async function untilEmpty(guard: SendGuard, clock: Clock): Promise<void> {
  const patience = new AbortController();
  const end = clock.monotonic() + PATIENCE_MS;
  while (guard.size > 0 && clock.monotonic() < end) await sleep(20, patience.signal);
}
