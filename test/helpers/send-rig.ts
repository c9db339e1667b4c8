import { randomUUID } from 'node:crypto';
import { systemClock } from '../../src/core/clock';
import { readSettings, type Settings } from '../../src/core/settings';
import { createMetrics, type Metrics } from '../../src/metrics/metrics';
import { startSends, type Sends } from '../../src/sends';
import { currentAttempt } from '../../src/sends/attempt';
import type { Locks, TimedLock } from '../../src/sends/chat-leases';
import type { LoadedInstance } from '../../src/sends/recovery';
import type { SendRequest } from '../../src/sends/send-request';
import type { AdoptedSend, SendStore } from '../../src/stores/send-store';
import { recordingLog, type RecordingLog } from './recording-log';
import type { TestChannel } from './test-channel';
import { Life } from './life';

export interface ProcessOptions<L extends TimedLock> {
  store: SendStore;
  channel: TestChannel;
  locks?: Locks<L> | undefined;
  settings?: Partial<Settings>;
  instances?: () => readonly LoadedInstance[];
}

export interface TestProcess {
  owner: string;
  sends: Sends;
  metrics: Metrics;
  log: RecordingLog;
  /** How the sends came out that were taken over from others. */
  resumed: { sendId: string; ending: { result: unknown } | { error: unknown } }[];
  /** What the host's own method does when it is called: the message goes through the guard to the channel. */
  send(number: unknown, text: string, request?: Partial<SendRequest>): Promise<unknown>;
  /** Ends it as kill -9 does: nothing of it reaches the database, the locks or the channel any more. */
  crash(): Promise<void>;
  stop(): Promise<void>;
}

const OPEN: readonly LoadedInstance[] = [{ name: 'shop', isOpen: true }];

/** Sends as compose-sends.ts wires them, with a channel of the test's in place of a host. */
export async function startProcess<L extends TimedLock>(options: ProcessOptions<L>): Promise<TestProcess> {
  const owner = randomUUID();
  const [log, metrics] = [recordingLog(), createMetrics()];
  const life = new Life();
  const resumed: TestProcess['resumed'] = [];
  const send: TestProcess['send'] = (number, text, request = {}) => {
    const { messageId } = request;
    return sends.send({
      instance: 'shop',
      number,
      integration: 'WHATSAPP-BAILEYS',
      kind: 'text',
      textLength: text.length,
      messageId,
      body: Buffer.from(JSON.stringify({ number, text })),
      perform: () =>
        life.of(() => perform(options.channel, { number: String(number), text, by: owner, messageId }, life)),
      ...request,
    });
  };
  const sends: Sends = await startSends({
    store: life.gate(options.store),
    locks: options.locks && mortalLocks(options.locks, life),
    settings: { ...readSettings({}), ...options.settings },
    owner,
    about: 'test',
    instances: options.instances ?? (() => OPEN),
    lookUpLid: () => Promise.resolve(undefined),
    repeat: ({ body, ...left }) => {
      const { number, text } = JSON.parse(String(body)) as { number: string; text: string };
      return send(number, text, requestOf(left));
    },
    resumed: ({ sendId }, ending) => Promise.resolve(void resumed.push({ sendId, ending })),
    acknowledged: () => undefined,
    clock: systemClock,
    random: Math.random,
    log,
    metrics,
  });
  return {
    owner,
    sends,
    metrics,
    log,
    resumed,
    send,
    crash() {
      life.end();
      return sends.stop();
    },
    stop: () => sends.stop(),
  };
}

/** A call that is read again gets another id, as the first time; the guard must know better. */
const requestOf = ({ instance, kind, messageId }: Omit<AdoptedSend, 'body'>): Partial<SendRequest> => ({
  instance,
  kind,
  messageId: messageId && `${messageId} anew`,
});

async function perform(
  channel: TestChannel,
  message: Parameters<TestChannel['take']>[1],
  life: Life,
): Promise<unknown> {
  const attempt = currentAttempt();
  if (!attempt) throw new Error('the host’s method was called outside of an attempt');
  await channel.typing(message);
  life.check();
  return channel.take(attempt, { ...message, messageId: attempt.messageId });
}

/** Nobody gives back the locks of a process that is gone. */
const mortalLocks = <L extends TimedLock>(locks: Locks<L>, life: Life): Locks<L> => ({
  acquire: (...given) => life.of(() => locks.acquire(...given)),
  extend: (...given) => life.of(() => locks.extend(...given)),
  release: (lock) => life.of(() => locks.release(lock)).catch(() => undefined),
});
