import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { setTimeout as pause } from 'node:timers/promises';
import { A, CHAT_A, codeOf, KEY_A, SendBench, settled } from '../helpers/send-bench';
import type { TestProcess } from '../helpers/send-rig';
import { hostError, throwAsHost, type Fate } from '../helpers/test-channel';
import { until } from '../helpers/until';

describe('a send that meets a failure', () => {
  let bench: SendBench;
  let here: TestProcess;

  beforeEach(async () => {
    bench = new SendBench();
    here = await bench.start();
  });

  afterEach(() => bench.stop());

  describe('tries again', () => {
    const once = (fate: Fate) => {
      let times = 0;
      bench.channel.behave = () => ((times += 1) === 1 ? fate : undefined);
    };

    it.each<[string, Fate]>([
      ['was not written', { kind: 'not-written', detail: 'ECONNREFUSED' }],
      ['was put off', { kind: 'put-off', detail: 'HTTP 429', retryAfterMs: 5 }],
    ])('what %s, with later ones behind it', async (_what, fate) => {
      once(fate);
      await Promise.all([here.send(A, 'first'), here.send(A, 'second')]);
      expect([bench.channel.asked.length, bench.channel.textsOf(A)]).toEqual([3, ['first', 'second']]);
      await bench.untilStates(CHAT_A, 'sent', 'sent');
      expect(bench.journal.sendsOf(CHAT_A).map(({ attempts }) => attempts)).toEqual([2, 1]);
    });

    it('what found no connection, and leaves it to other processes meanwhile', async () => {
      let attempts = 0;
      const states: unknown[] = [];
      const made = here.send(A, 'hello', {
        perform: async () => {
          await settled();
          states.push(bench.journal.statesOf(CHAT_A));
          return (attempts += 1) > 1 ? 'sent' : throwAsHost('Error: Connection Closed');
        },
      });
      await bench.untilStates(CHAT_A, 'accepted');
      expect(await made).toBe('sent');
      expect(states).toEqual([['sending'], ['sending']]);
    });

    it('what was written and not answered only where a repeat does no harm', async () => {
      once({ kind: 'unanswered', detail: 'socket hang up' });
      await here.send(A, 'repeatable', { messageId: '3EB01' });
      expect(bench.channel.arrived.map(({ messageId }) => messageId)).toEqual(['3EB01', '3EB01']);
      once({ kind: 'unanswered', detail: 'socket hang up' });
      await expect(here.send(A, 'not repeatable')).rejects.toEqual(hostError('socket hang up'));
      expect(bench.channel.textsOf(A)).toEqual(['repeatable', 'repeatable', 'not repeatable']);
      await bench.untilStates(CHAT_A, 'sent', 'unknown');
      expect(here.log.lines).toMatchObject([{ level: 'error', fields: { code: 'GUARD_SENDS_UNKNOWN' } }]);
    });

    it('never what was refused', async () => {
      once({ kind: 'refused', detail: 'with 131026' });
      await expect(here.send(A, 'refused', { messageId: '3EB01' })).rejects.toEqual(hostError('with 131026'));
      await bench.untilStates(CHAT_A, 'failed');
      expect([bench.channel.asked.length, bench.journal.sends[0]?.error]).toEqual([1, 'with 131026']);
    });

    it('no longer than the settings say; then the caller hears from the host', async () => {
      const impatient = await bench.start({ settings: { sendsRetrySeconds: 0 } });
      bench.channel.behave = () => ({ kind: 'not-written', detail: 'ECONNREFUSED' });
      await expect(impatient.send(A, 'hello')).rejects.toEqual(hostError('ECONNREFUSED'));
      await bench.untilStates(CHAT_A, 'failed');
      expect(bench.channel.asked).toHaveLength(1);
    });

    it('what lost its lock right before the socket, and sends it once', async () => {
      bench.channel.typing = async () => {
        bench.channel.typing = () => undefined;
        bench.locks.isAway = true;
        await pause(400);
        bench.locks.isAway = false;
      };
      const short = await bench.start({ settings: { lockLeaseMs: 150 } });
      expect(await short.send(A, 'once')).toMatchObject({ text: 'once' });
      expect(bench.channel.asked).toHaveLength(1);
      expect((await short.metrics.sendsLeasesLost.get()).values[0]?.value).toBe(1);
      await bench.untilStates(CHAT_A, 'sent');
    });
  });

  describe('while the journal fails', () => {
    const fails = (method: string, times: number, when: 'before' | 'after' = 'before') => {
      let left = times;
      bench.journal[when] = (asked) => {
        if (asked === method && (left -= 1) >= 0) throw new Error('the database is away');
      };
    };

    it('sends nothing, and sends it when the journal is back', async () => {
      fails('begin', 2);
      await here.send(A, 'hello');
      await bench.untilStates(CHAT_A, 'sent');
      expect(bench.channel.asked).toHaveLength(1);
    });

    it('sends once what was begun without an answer', async () => {
      fails('begin', 1, 'after');
      await Promise.all([here.send(A, 'first'), here.send(A, 'second')]);
      await bench.untilStates(CHAT_A, 'sent', 'sent');
      expect(bench.channel.textsOf(A)).toEqual(['first', 'second']);
    });

    it('sends what could not be accepted', async () => {
      fails('accept', 1);
      const under = bench.hold('first');
      const sends = [here.send(A, 'first'), here.send(A, 'second')];
      await until(under.isAsked);
      under.letGo();
      await Promise.all(sends);
      await bench.untilStates(CHAT_A, 'sent', 'sent');
    });

    it('refuses what waits too long, and does not send it later either', async () => {
      const impatient = await bench.start({ settings: { sendsRetrySeconds: 0 } });
      fails('begin', 1, 'after');
      await expect(impatient.send(A, 'hello')).rejects.toMatchObject({ code: 'GUARD_SENDS_JOURNAL_DOWN' });
      await bench.untilStates(CHAT_A, 'failed');
      await here.send(A, 'next');
      expect(bench.channel.textsOf(A)).toEqual(['next']);
    });

    it('tells nobody but the caller, also while that waits for the lock of its chat', async () => {
      const impatient = await bench.start({ settings: { sendsRetrySeconds: 0 } });
      const unhandled: unknown[] = [];
      const listener = (reason: unknown) => unhandled.push(reason);
      process.on('unhandledRejection', listener);
      bench.locks.steal(KEY_A);
      fails('accept', 1);
      const send = impatient.send(A, 'hello').catch(codeOf);
      await until(() => bench.locks.asked.length > 3);
      bench.locks.steal(KEY_A, -1);
      expect(await send).toBe('GUARD_SENDS_JOURNAL_DOWN');
      process.off('unhandledRejection', listener);
      expect([unhandled, bench.channel.asked]).toEqual([[], []]);
    });

    it('answers the caller, and writes the end when the journal is back', async () => {
      fails('finish', 3);
      await here.send(A, 'hello');
      expect(bench.journal.statesOf(CHAT_A)).toEqual(['sending']);
      await bench.untilStates(CHAT_A, 'sent');
    });
  });

  it('does not send what another process has taken over meanwhile', async () => {
    const under = bench.hold('first');
    const sends = [here.send(A, 'first'), here.send(A, 'second').catch(codeOf)];
    await bench.untilStates(CHAT_A, 'sending', 'accepted');
    Object.assign(bench.journal.sendsOf(CHAT_A)[1] ?? {}, { owner: 'another' });
    under.letGo();
    expect(await Promise.all(sends)).toMatchObject([{ text: 'first' }, 'GUARD_SENDS_TAKEN_OVER']);
    expect(bench.channel.textsOf(A)).toEqual(['first']);
  });

  it('refuses sends without locks where the settings say so, and forgets those that waited', async () => {
    const strict = await bench.start({ settings: { lockFallback: 'refuse', lockLeaseMs: 100 } });
    const under = bench.hold('first');
    const sends = [strict.send(A, 'first'), strict.send(A, 'second')].map((send) => send.catch(codeOf));
    await bench.untilStates(CHAT_A, 'sending', 'accepted');
    bench.locks.isAway = true;
    await pause(120);
    under.letGo();
    expect(await Promise.all(sends)).toMatchObject([{ text: 'first' }, 'GUARD_SENDS_LOCKS_DOWN']);
    await bench.untilStates(CHAT_A, 'sent', 'failed');
    expect(bench.channel.textsOf(A)).toEqual(['first']);
  });
});
