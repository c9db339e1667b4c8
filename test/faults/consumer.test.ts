import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { fork, type ChildProcess } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { consumeEvents, UnprocessableEvent } from '../../src';
import { startRabbitmq, type RunningRabbitmq } from '../helpers/services';
import { event, events, numbersByChat, Recorder, rises, TestQueue, type Sent } from '../integration/consumer-rig';
import { Journal, type Line } from './consumer-journal';
import type { Assignment } from './consumer-process';

const EVENTS = 1_200;
const CHATS = 12;
const POISON = 77;

/** See test/faults/events.test.ts: a new quorum queue must not be killed at once. */
const QUEUE_SETTLED_MS = 1_500;

/** Each test breaks something while processes share the partitions of a queue, and counts every event by its id. */
describe('consumers while things break', () => {
  let broker: RunningRabbitmq;
  let folder: string;
  let journal: Journal;
  let queue: TestQueue;
  let processes: ChildProcess[] = [];
  const steps = new EventEmitter();

  beforeAll(async () => {
    broker = await startRabbitmq({ private: true });
  }, 120_000);

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'guard-consumers-'));
    journal = new Journal(join(folder, 'journal'));
    queue = await TestQueue.open(broker.url);
  });

  afterEach(async () => {
    await Promise.all(processes.map(kill));
    processes = [];
    journal.close();
    rmSync(folder, { recursive: true });
    await queue.close();
  });

  afterAll(() => broker.stop(), 60_000);

  function start(): ChildProcess {
    const { url } = broker;
    const task: Omit<Assignment, 'url'> = {
      queue: queue.name,
      partitions: 4,
      prefetch: 20,
      journal: join(folder, 'journal'),
      mostWorkMs: 40,
      poison: POISON,
    };
    const child = fork(join(__dirname, 'consumer-process.ts'), [JSON.stringify({ url, ...task })], {
      execArgv: ['--require', require.resolve('tsx/cjs')],
    });
    child.on('message', () => steps.emit('step'));
    processes.push(child);
    return child;
  }

  async function untilDone(ids: number): Promise<void> {
    while (journal.read().done.size < ids) await once(steps, 'step');
  }

  /** Starts two processes and waits until all their queues have settled. @returns the events of that, handled. */
  async function startTwo(): Promise<Sent[]> {
    start();
    start();
    const ahead = events(CHATS, CHATS).map(({ chat, number }) => event(chat, number - CHATS));
    await queue.publish(...ahead);
    await untilDone(CHATS);
    await pause(QUEUE_SETTLED_MS);
    return ahead;
  }

  /** Of the two processes the one that has done something last. */
  function busy(): ChildProcess {
    const { pid } = journal.read().lines.at(-1) ?? {};
    const child = processes.find((one) => one.pid === pid);
    if (!child) throw new Error(`no process ${pid}`);
    return child;
  }

  /** What became of every event, when all but the poison are done. */
  async function assess(sent: readonly Sent[]) {
    await untilDone(sent.length - 1);
    const dead = await queue.take(`${queue.name}.dead`);
    const { lines } = journal;
    const ordered = (step: Line['step']) => [...numbersByChat(lines.filter((line) => line.step === step)).values()];
    return {
      unhandled: sent.filter(({ id }) => !journal.done.has(id)).map(({ number }) => number),
      inOrder: [...ordered('begun'), ...ordered('done')].every(rises),
      deadIsPoison: dead.properties.messageId === sent.find(({ number }) => number === POISON)?.id,
      deadReason: dead.properties.headers?.['guard-dead-reason'] as unknown,
    };
  }

  const ALL_WELL = { unhandled: [POISON], inOrder: true, deadIsPoison: true, deadReason: 'handler-failed' };

  it('processes that are killed one after another lose no event and change no order', async () => {
    const ahead = await startTwo();
    const sent = events(EVENTS, CHATS);
    await queue.publish(...sent);
    await untilDone(EVENTS / 4);
    await kill(busy());
    await untilDone(EVENTS / 2);
    const third = start();
    await Promise.all(processes.filter((child) => child !== third).map(kill));
    expect(await assess([...ahead, ...sent])).toEqual(ALL_WELL);
    expect(new Set(journal.lines.map(({ pid }) => pid)).size).toBe(3);
  });

  it('a broker that is killed twice loses no event and changes no order', async () => {
    const ahead = await startTwo();
    const sent = events(EVENTS, CHATS);
    await queue.publish(...sent);
    for (const part of [4, 2]) {
      await untilDone(EVENTS / part);
      await broker.kill();
      await broker.restart();
    }
    queue = await TestQueue.open(broker.url, queue.name);
    expect(await assess([...ahead, ...sent])).toEqual(ALL_WELL);
  });

  it('a broker that is killed while its queue is spread over the partitions loses no event and changes no order', async () => {
    const ahead = await startTwo();
    await Promise.all(processes.map(kill));
    const sent = events(3 * EVENTS, 5 * CHATS);
    await queue.publish(...sent);
    start();
    await untilDone(CHATS + 1);
    expect(await queue.waiting()).toBeGreaterThan(0);
    await broker.kill();
    await broker.restart();
    queue = await TestQueue.open(broker.url, queue.name);
    expect(await assess([...ahead, ...sent])).toEqual(ALL_WELL);
  });

  it('a broker that is short of memory takes acknowledgements, and the dead letter when it has memory again', async () => {
    const sent = events(200, 10);
    await queue.publish(...sent);
    // The first dead letter is what the broker stops reading at; the second one comes after that.
    const recorder = new Recorder(async ({ number }) => {
      if (number === 1) await recorder.untilLogged('short of memory');
      if (number <= 1) throw new UnprocessableEvent('poison');
    });
    await broker.ctl(['set_vm_memory_high_watermark', 'absolute', '1']);
    const consumer = await consumeEvents(recorder.options(broker.url, queue.name));
    const others = () => recorder.done.filter(({ number }) => number % 10 > 1).length;
    await recorder.until(() => others() === 160); // more than it may hold at a time
    expect(recorder.done.some(({ number }) => number % 10 === 1)).toBe(false);
    await broker.ctl(['set_vm_memory_high_watermark', '0.6']);
    await recorder.until(() => recorder.done.length === 198);
    const dead = [await queue.take(`${queue.name}.dead`), await queue.take(`${queue.name}.dead`)];
    const ids = dead.map(({ properties }) => properties.messageId as string);
    expect(new Set(ids)).toEqual(new Set([sent[0]?.id, sent[1]?.id]));
    expect([...numbersByChat(recorder.begun).values()].every(rises)).toBe(true);
    await consumer.close();
  });

  it('processes that hang do not hold their chats for ever, and do no harm when they wake', async () => {
    const ahead = await startTwo();
    const sent = events(EVENTS, CHATS);
    await queue.publish(...sent);
    await untilDone(EVENTS / 4);
    const hanging = [...processes];
    for (const child of hanging) child.kill('SIGSTOP');
    start();
    await untilDone(ahead.length + sent.length - 1);
    for (const child of hanging) child.kill('SIGCONT');
    const late = sent.slice(-CHATS).map(({ chat, number }) => event(chat, number + CHATS));
    await queue.publish(...late);
    expect(await assess([...ahead, ...sent, ...late])).toEqual(ALL_WELL);
  }, 180_000);
});

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}
