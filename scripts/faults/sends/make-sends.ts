import { systemClock } from '../../../src/core/clock';
import { createLog } from '../../../src/core/log';
import { readSettings } from '../../../src/core/settings';
import { newMessageId } from '../../../src/host/baileys-door';
import { createMetrics } from '../../../src/metrics/metrics';
import { startSends, type Sends } from '../../../src/sends';
import { currentAttempt } from '../../../src/sends/attempt';
import type { SendRequest } from '../../../src/sends/send-request';
import { openDatabase } from '../../../src/stores/open-database';
import { LockServers, type HeldLock } from '../../../src/stores/redis/lock-servers';
import type { ChannelClient } from './channel-client';
import type { Assignment } from './assignment';
import { decode, encode, INTEGRATIONS, type Message } from './message';
import type { Step } from './steps';
import { watchStore } from './watched-store';

/** Resolves with what the channel answered. */
export type MakeSend = (message: Message) => Promise<unknown>;

export interface Onlooker {
  /** Told before one of the own stream is written into the journal, and as what. */
  written: (number: number, sendId: string) => void;
  passed: (step: Step) => void;
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** As the host does without the plugin: nothing is written, and nobody waits for anybody. */
export function straightTo(channel: ChannelClient, { passed }: Pick<Onlooker, 'passed'>): MakeSend {
  return async ({ typingMs, ...message }) => {
    passed('accepted');
    if (typingMs > 0) await sleep(typingMs);
    passed('begun');
    const { written, answer } = channel.hand({ ...message, messageId: undefined, fence: undefined });
    await written;
    passed('handed');
    await answer;
    passed('answered');
    passed('finished');
  };
}

/** Wired as in src/compose-sends.ts; it stops at SIGTERM. */
export async function guarded(
  { owner, databaseUrl, stream }: Assignment,
  channel: ChannelClient,
  { written, passed }: Onlooker,
): Promise<MakeSend> {
  const settings = readSettings(process.env);
  const log = createLog(settings.logLevel);
  const [clock, random, metrics] = [systemClock, Math.random, createMetrics()];
  const database = await openDatabase({
    uri: databaseUrl,
    schema: settings.databaseSchema,
    pooled: false,
    clientName: settings.clientName,
    connections: settings.databasePoolSize,
    log,
    random,
    metrics,
  });
  await database.start();
  const uris = settings.lockRedisUris;
  const locks = uris ? new LockServers({ uris, prefix: `${new URL(databaseUrl).pathname}:`, clock, log }) : undefined;
  await locks?.ready();

  const fences = new Map<string, number>();
  const perform = async ({ typingMs, ...message }: Message) => {
    const attempt = currentAttempt();
    if (!attempt) throw new Error('a send is made outside of an attempt');
    if (typingMs > 0) await sleep(typingMs);
    attempt.leave();
    const handed = channel.hand({ ...message, messageId: attempt.messageId, fence: fences.get(attempt.sendId) });
    await handed.written;
    passed('handed');
    const id = await handed.answer;
    passed('answered');
    attempt.contact = { kind: 'taken', messageId: id };
    return { key: { id } };
  };
  const requestOf = (message: Message): SendRequest => ({
    instance: message.kind,
    number: message.chat,
    integration: INTEGRATIONS[message.kind],
    kind: 'text',
    textLength: 1,
    messageId: message.kind === 'baileys' ? newMessageId() : undefined,
    body: encode(message),
    perform: () => perform(message),
  });
  const sends: Sends = await startSends<HeldLock>({
    store: watchStore(database.sends, {
      writing({ sendId, body }) {
        const message = body && decode(body);
        if (message?.stream === stream) written(message.number, sendId);
      },
      begun: (sendId, fence) => fences.set(sendId, fence),
      passed,
    }),
    locks,
    settings,
    owner,
    about: `faults ${process.pid}`,
    instances: () => Object.keys(INTEGRATIONS).map((name) => ({ name, isOpen: true })),
    lookUpLid: () => Promise.resolve(undefined),
    repeat: ({ body }) => sends.send(requestOf(decode(body ?? Buffer.alloc(0)))),
    resumed: () => Promise.resolve(),
    acknowledged: () => undefined,
    clock,
    random,
    log,
    metrics,
  });
  process.once('SIGTERM', () => {
    void sends
      .stop()
      .then(() => locks?.stop())
      .then(() => database.stop())
      .then(() => process.exit());
  });
  return (message) => sends.send(requestOf(message));
}
