import { beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { GuardError } from '../../src/core/errors';
import { createMetrics } from '../../src/metrics/metrics';
import { Idempotency } from '../../src/sends/idempotency';
import { IdempotentRun } from '../../src/sends/idempotent-run';
import type { IdempotencyStore, KnownRequest, RequestSend } from '../../src/stores/idempotency-store';
import { recordingLog, type RecordingLog } from '../helpers/recording-log';

type Method = Exclude<keyof IdempotencyStore, 'purge'>;

/** Requests in memory, in a database that can fail and lose its answers. Its only process is `me`. */
function memoryRequests() {
  const rows = new Map<string, KnownRequest>();
  const asked = new EventEmitter();
  const sends: RequestSend[] = [];
  /** Called before and after each statement: what they throw is the failure of the database. */
  const faults = { before: (_: Method): unknown => undefined, after: (_: Method): unknown => undefined };
  const answer = async <T>(method: Method, work: () => T): Promise<T> => {
    await faults.before(method);
    await new Promise(setImmediate);
    const result = work();
    await faults.after(method);
    setImmediate(() => asked.emit(method));
    return result;
  };
  const isOf = (requestId: string, run: string) => rows.get(requestId)?.run === run && !rows.get(requestId)?.answer;
  const store: Omit<IdempotencyStore, 'purge'> = {
    begin: (owner, requests) =>
      answer('begin', () =>
        requests.map(({ requestId, fingerprint, run }) => {
          const known = rows.get(requestId) ?? { fingerprint, run, owner, isOwnerThere: true, answer: undefined };
          rows.set(requestId, known);
          return { ...known };
        }),
      ),
    end: (answers) =>
      answer('end', () => {
        for (const { requestId, run, ...given } of answers) {
          const known = rows.get(requestId);
          if (known && !known.answer && (run ?? known.run) === known.run) known.answer = given;
        }
      }),
    forget: (runs) =>
      answer('forget', () => {
        for (const { requestId, run } of runs) if (isOf(requestId, run)) rows.delete(requestId);
      }),
    takeOver: (owner, { requestId, fingerprint, run }, from) =>
      answer('takeOver', () => {
        if (!isOf(requestId, from)) return false;
        rows.set(requestId, { fingerprint, run, owner, isOwnerThere: true, answer: undefined });
        return true;
      }),
    isRunning: ({ requestId, run }) => answer('isRunning', () => isOf(requestId, run)),
    sends: () => answer('sends', () => sends),
  };
  return { store, rows, sends, faults, until: (method: Method) => once(asked, method) };
}

const down = () => {
  throw new Error('the database is away');
};
const OK = { status: 201, text: '{"key":{"id":"1"}}' };

describe('idempotency keys in one process', () => {
  let memory: ReturnType<typeof memoryRequests>;
  let log: RecordingLog;
  let now: number;
  let idempotency: Idempotency;
  const stay = new AbortController().signal;

  const admit = (requestId: string, signal = stay) => idempotency.admit({ requestId, fingerprint: 'f' }, signal);
  const admitFirst = async (requestId: string): Promise<IdempotentRun> => {
    const run = await admit(requestId);
    if (!(run instanceof IdempotentRun)) throw new Error('it is not the first one');
    return run;
  };
  const codeOf = (promise: Promise<unknown>) =>
    promise.then(
      () => undefined,
      (error: unknown) => (error as GuardError).code,
    );

  beforeEach(() => {
    [memory, log, now] = [memoryRequests(), recordingLog(), 0];
    const clock = { now: () => now, monotonic: () => now };
    const parts = { store: memory.store, log, clock, random: () => 0, metrics: createMetrics() };
    idempotency = new Idempotency({ ...parts, owner: 'me', limit: 4, retryMs: 1_000 });
  });

  it('an answer that the database does not take is given and repeated from memory, and kept when it is back', async () => {
    const run = await admitFirst('a');
    memory.faults.before = (method) => (method === 'end' ? down() : undefined);
    await idempotency.conclude(run, OK);
    expect(await admit('a')).toEqual(OK);
    expect(memory.rows.get('a')?.answer).toBeUndefined();
    memory.faults.before = () => undefined;
    await memory.until('end');
    expect(memory.rows.get('a')?.answer).toEqual(OK);
    await idempotency.stop();
  });

  it('a request that came to nothing may run again as soon as the database has forgotten it', async () => {
    const run = await admitFirst('a');
    memory.faults.before = (method) => (method === 'forget' ? down() : undefined);
    await idempotency.conclude(run, { status: 401, text: '{}' });
    const next = idempotency.admit({ requestId: 'a', fingerprint: 'another' }, stay);
    await memory.until('begin');
    memory.faults.before = () => undefined;
    expect(await next).toBeInstanceOf(IdempotentRun);
    expect(log.lines.map(({ level }) => level)).toEqual(['warn']);
    await idempotency.stop();
  });

  it('a request that was forgotten since it was read is no other request', async () => {
    const run = await admitFirst('a');
    const read = new EventEmitter();
    memory.faults.after = async (method) => {
      if (method !== 'begin') return;
      memory.faults.after = () => undefined;
      read.emit('read');
      await once(read, 'go on');
    };
    const isRead = once(read, 'read');
    const next = idempotency.admit({ requestId: 'a', fingerprint: 'another' }, stay);
    await isRead;
    await idempotency.conclude(run, { status: 401, text: '{}' });
    await memory.until('forget');
    read.emit('go on');
    expect(await next).toBeInstanceOf(IdempotentRun);
  });

  it('a database that is away is waited for, and then the request is refused with its remedy', async () => {
    memory.faults.before = (method) => (method === 'begin' ? down() : undefined);
    const waiting = admit('a');
    setImmediate(() => (memory.faults.before = () => undefined));
    expect(await waiting).toBeInstanceOf(IdempotentRun);
    memory.faults.before = (method) => {
      now += 600;
      return method === 'begin' ? down() : undefined;
    };
    expect(await codeOf(admit('b'))).toBe('GUARD_SENDS_JOURNAL_DOWN');
    expect(await codeOf(admit('c'))).toBe('GUARD_SENDS_JOURNAL_DOWN');
  });

  it('a request whose beginning was written and its answer lost runs once', async () => {
    memory.faults.after = () => {
      memory.faults.after = () => undefined;
      down();
    };
    const all = [admit('a'), admit('a')];
    const first = await Promise.race(all);
    await idempotency.conclude(first as IdempotentRun, OK);
    expect((await Promise.all(all)).filter((each) => each instanceof IdempotentRun)).toHaveLength(1);
    expect(await admit('a')).toEqual(OK);
  });

  it('what an earlier request of this process has left is taken over by one of those that ask', async () => {
    memory.rows.set('a', { fingerprint: 'f', run: randomUUID(), owner: 'me', isOwnerThere: true, answer: undefined });
    let looking = 0;
    const both = new EventEmitter();
    memory.faults.before = (method) => {
      if (method !== 'sends') return undefined;
      looking += 1;
      return looking < 2 ? once(both, 'here') : setImmediate(() => both.emit('here'));
    };
    const all = [admit('a'), admit('a'), admit('a')];
    const first = (await Promise.race(all)) as IdempotentRun;
    memory.faults.before = () => undefined;
    const late = admit('a');
    for (let turns = 0; turns < 50; turns += 1) await new Promise(setImmediate);
    await idempotency.conclude(first, OK);
    expect(await late).toEqual(OK);
    expect((await Promise.all(all)).filter((each) => each instanceof IdempotentRun)).toHaveLength(1);
  });

  it('a taking over whose answer was lost is known as ours at the next look', async () => {
    memory.rows.set('a', {
      fingerprint: 'f',
      run: randomUUID(),
      owner: 'gone',
      isOwnerThere: false,
      answer: undefined,
    });
    memory.faults.after = (method) => {
      if (method !== 'takeOver') return;
      memory.faults.after = () => undefined;
      down();
    };
    expect(await admit('a')).toBeInstanceOf(IdempotentRun);
  });

  it('an answer that was just being kept when its process died is waited for a while', async () => {
    memory.rows.set('a', {
      fingerprint: 'f',
      run: randomUUID(),
      owner: 'gone',
      isOwnerThere: false,
      answer: undefined,
    });
    const send = { sendId: 's', state: 'sent' as const, messageId: 'm', error: null, sinceMs: 100 };
    memory.sends.push(send);
    const waiting = admit('a');
    await memory.until('sends');
    await idempotency.resumed({ sendId: 'other', requestId: 'a' } as never, { result: 'of a later send' });
    await idempotency.resumed({ sendId: 's', requestId: 'a' } as never, { result: { full: true } });
    expect(await waiting).toEqual({ status: 201, text: '{"full":true}' });
  });

  it('who has been slow asks whether the request is still his before he sends', async () => {
    const run = await admitFirst('a');
    const sent: string[] = [];
    const send = (text: string) => idempotency.track('a', () => Promise.resolve(sent.push(text)));
    now = 6_000;
    await send('slow');
    expect(run.hasSent).toBe(true);
    Object.assign(memory.rows.get('a') ?? {}, { run: 'another', owner: 'other' });
    expect(await codeOf(send('too late'))).toBe('GUARD_SENDS_TAKEN_OVER');
    memory.faults.before = down;
    expect(await codeOf(send('blind'))).toBe('GUARD_SENDS_JOURNAL_DOWN');
    expect(sent).toEqual(['slow']);
  });

  it('an error of ours does not count as a send, one of the channel does', async () => {
    const run = await admitFirst('a');
    const fail = (error: Error) => codeOf(idempotency.track('a', () => Promise.reject(error)));
    await fail(new GuardError('GUARD_SENDS_FULL', ''));
    expect([run.keeps(429), run.keeps(200), run.keeps(299), run.keeps(300)]).toEqual([false, true, true, false]);
    await fail(new Error('Connection Closed'));
    expect(run.keeps(400)).toBe(true);
  });

  it('no more than the limit run or wait', async () => {
    const run = await admitFirst('a');
    const leaving = new AbortController();
    const waiting = [1, 2, 3].map(() => admit('a', leaving.signal));
    expect(await codeOf(admit('b'))).toBe('GUARD_SENDS_FULL');
    await memory.until('begin');
    leaving.abort();
    expect(await Promise.all(waiting)).toEqual([undefined, undefined, undefined]);
    expect(await admit('b')).toBeInstanceOf(IdempotentRun);
    await idempotency.conclude(run, OK);
    expect(await admit('c')).toBeInstanceOf(IdempotentRun);
  });

  it('when the host ends, those that wait are refused, and what runs may still end', async () => {
    const run = await admitFirst('a');
    const waiting = codeOf(admit('a'));
    await memory.until('begin');
    await idempotency.stop();
    expect(await waiting).toBe('GUARD_SENDS_STOPPING');
    await idempotency.conclude(run, OK);
    expect(memory.rows.get('a')?.answer).toEqual(OK);
  });

  it('requests go on in the order in which they came', async () => {
    const parts = { store: memory.store, log, random: () => 0, metrics: createMetrics() };
    const clock = { now: () => now, monotonic: () => now };
    const large = new Idempotency({ ...parts, clock, owner: 'me', limit: 1_000, retryMs: 1_000 });
    const order: number[] = [];
    const numbers = Array.from({ length: 200 }, (_, number) => number);
    memory.faults.before = async () => {
      memory.faults.before = () => undefined;
      for (let turns = 0; turns < 500; turns += 1) await new Promise(setImmediate); // the first trip is the slowest
    };
    await Promise.all(
      numbers.map(async (number) => {
        for (let turns = 0; turns < number; turns += 1) await new Promise(setImmediate);
        await large.admit({ requestId: `${number}`, fingerprint: 'f' }, new AbortController().signal);
        order.push(number);
      }),
    );
    expect(order).toEqual(numbers);
  });
});
