import { v7 as uuidv7 } from 'uuid';
import type { NewSend, SendState } from '../../src/stores/send-store';
import { newSend } from '../helpers/new-sends';
import { hostError } from '../helpers/test-channel';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { A, B, CHAT_A, KEY_A, settled, codeOf, texts, SendBench } from '../helpers/send-bench';
import type { TestProcess } from '../helpers/send-rig';
import { until } from '../helpers/until';

describe('sends that a process has left', () => {
  let bench: SendBench;
  let here: TestProcess;

  beforeEach(async () => {
    bench = new SendBench();
    here = await bench.start();
  });

  afterEach(() => bench.stop());

  describe('when it is stopped', () => {
    it('lets what is under way come to its end, and leaves what waits to the next one, in order', async () => {
      const under = bench.hold('0');
      const sends = texts(5).map((text) => here.send(A, text, { messageId: `id ${text}` }).catch(codeOf));
      await bench.untilStates(CHAT_A, ...Array<string>(5).fill('sending'));
      const stopped = here.stop();
      await settled();
      const late = here.send(B, 'late').catch(codeOf);
      under.letGo();
      const left = Array<string>(4).fill('GUARD_SENDS_STOPPING');
      expect(await Promise.all([...sends, late])).toEqual([expect.objectContaining({ text: '0' }), ...left, left[0]]);
      await stopped;
      expect(bench.journal.statesOf(CHAT_A)).toEqual(['sent', ...Array<string>(4).fill('accepted')]);
      expect(bench.channel.textsOf(A)).toEqual(['0']);

      const next = await bench.start();
      await Promise.all([next.send(A, 'new'), bench.channel.untilArrived(7)]);
      expect(bench.channel.textsOf(A)).toEqual([...texts(5), 'new']);
      const ids = bench.channel.arrived.filter(({ number }) => number === A).map(({ messageId }) => messageId);
      expect(ids.slice(0, 5)).toEqual(texts(5).map((text) => `id ${text}`));
      expect(bench.channel.textsOf(B)).toEqual(['late']);
      expect(next.resumed).toHaveLength(5);
    });

    it('leaves also what waits for the lock of its chat, in order', async () => {
      bench.locks.steal(KEY_A);
      const sends = texts(3).map((text) => here.send(A, text).catch(codeOf));
      await bench.untilStates(CHAT_A, 'accepted', 'accepted', 'accepted');
      await until(() => bench.locks.asked.filter((each) => each === 'acquire').length > 1);
      await here.stop();
      expect(await Promise.all(sends)).toEqual(Array<string>(3).fill('GUARD_SENDS_STOPPING'));
      bench.locks.steal(KEY_A, -1);
      await bench.start();
      await bench.channel.untilArrived(3);
      expect(bench.channel.textsOf(A)).toEqual(texts(3));
    });

    it('says that the journal is away, where it could not leave what waits', async () => {
      bench.locks.steal(KEY_A);
      bench.journal.before = (method) => {
        if (method === 'accept') throw new Error('the database is away');
      };
      const send = here.send(A, 'hello').catch(codeOf);
      await until(() => bench.journal.asked.filter((each) => each === 'accept').length > 1);
      await here.stop();
      expect([await send, bench.channel.asked]).toEqual(['GUARD_SENDS_JOURNAL_DOWN', []]);
    });

    it('does not wait for the next attempt of what failed', async () => {
      bench.channel.behave = () => ({ kind: 'put-off', detail: 'HTTP 429', retryAfterMs: 20_000 });
      const send = here.send(A, 'later').catch(codeOf);
      await bench.untilStates(CHAT_A, 'accepted');
      await here.stop();
      expect(await send).toBe('GUARD_SENDS_STOPPING');
      expect(bench.journal.statesOf(CHAT_A)).toEqual(['accepted']);
    });
  });

  describe('by its death', () => {
    const leave = (text: string, fields: Partial<NewSend & { state: SendState }> = {}) => {
      const body = Buffer.from(JSON.stringify({ number: A, text }));
      const send = { ...newSend({ chat: CHAT_A, sendId: uuidv7(), body }), ...fields };
      bench.journal.leave('gone', [send]);
      return send;
    };

    it('are sent before anything new of their chat, in order, with their ids, and once', async () => {
      await here.stop();
      for (const text of texts(5)) leave(text, { messageId: `id ${text}` });
      const [one, two] = await Promise.all([bench.start(), bench.start()]);
      await Promise.all([one.send(A, 'new'), two.send(A, 'also new')]);
      expect(bench.channel.textsOf(A).slice(0, 5)).toEqual(texts(5));
      expect(bench.channel.textsOf(A).slice(5).sort()).toEqual(['also new', 'new']);
      expect(bench.channel.arrived.slice(0, 5).map(({ messageId }) => messageId)).toEqual(
        texts(5).map((text) => `id ${text}`),
      );
      expect(bench.channel.collisions).toEqual([]);
      expect([...one.resumed, ...two.resumed]).toHaveLength(5);
    });

    it('hold up nobody in another chat', async () => {
      const under = bench.hold('left');
      leave('left');
      const next = await bench.start();
      await next.send(B, 'new');
      expect(bench.channel.textsOf(B)).toEqual(['new']);
      under.letGo();
    });

    it('are sent again where they may have gone out, if that does no harm, else they are unknown', async () => {
      await here.stop();
      leave('with its id', { state: 'sending', messageId: 'id' });
      const unclear = leave('without', { state: 'sending' });
      const deletion = leave('deletion', { state: 'sending', kind: 'delete' });
      const next = await bench.start();
      await bench.untilStates(CHAT_A, 'sent', 'unknown', 'sent');
      expect(bench.channel.textsOf(A)).toEqual(['with its id', 'deletion']);
      expect(bench.journal.find(unclear.sendId)?.error).toMatch(/GUARD_SENDS_UNKNOWN/);
      await until(() => next.resumed.length === 3);
      const { ending } = next.resumed.find(({ sendId }) => sendId === unclear.sendId) ?? {};
      expect(ending).toMatchObject({ error: { code: 'GUARD_SENDS_UNKNOWN' } });
      expect(next.resumed.find(({ sendId }) => sendId === deletion.sendId)?.ending).toHaveProperty('result');
    });

    it('fail where they were too large to be kept', async () => {
      await here.stop();
      bench.journal.leave('gone', [newSend({ chat: CHAT_A })]);
      const next = await bench.start();
      await bench.untilStates(CHAT_A, 'failed');
      expect(next.log.lines).toContainEqual(
        expect.objectContaining({ level: 'error', fields: { code: 'GUARD_SENDS_NOT_KEPT' } }),
      );
    });

    it('wait for their instance’s connection, and then still go before what is new', async () => {
      await here.stop();
      const instance = { name: 'shop', isOpen: false };
      for (const text of texts(2)) leave(text);
      const next = await bench.start({ instances: () => [instance] });
      bench.channel.behave = () => (instance.isOpen ? undefined : { kind: 'not-written', detail: 'Connection Closed' });
      const sends = [next.send(A, 'new')];
      await until(() => bench.channel.asked.length > 1);
      expect(bench.channel.arrived).toEqual([]);
      instance.isOpen = true;
      await Promise.all(sends);
      expect(bench.channel.textsOf(A)).toEqual(['0', '1', 'new']);
    });

    it('are left alone where this process has not loaded their instance', async () => {
      await here.stop();
      leave('elsewhere', { instance: 'other shop' });
      const next = await bench.start();
      await next.send(B, 'hello');
      expect(bench.journal.statesOf(CHAT_A)).toEqual(['accepted']);
    });

    it('that fail are told of, and hold up nobody', async () => {
      await here.stop();
      bench.channel.behave = ({ text }) => (text === '0' ? { kind: 'refused', detail: 'with 131026' } : undefined);
      for (const text of texts(3)) leave(text);
      const next = await bench.start();
      await bench.untilStates(CHAT_A, 'failed', 'sent', 'sent');
      await until(() => next.resumed.length === 3);
      expect(next.resumed[0]?.ending).toEqual({ error: hostError('with 131026') });
    });

    it('go first also where they are being taken over while a new one begins', async () => {
      let answered: () => void = () => undefined;
      const answer = new Promise<void>((resolve) => (answered = resolve));
      leave('left');
      bench.journal.after = (method) => (method === 'keep' ? answer : undefined);
      const sends = [here.send(A, 'new')];
      await until(() => bench.journal.asked.filter((each) => each === 'begin').length > 1);
      await until(() => bench.journal.sendsOf(CHAT_A)[0]?.owner === here.owner);
      const begins = () => bench.journal.asked.filter((each) => each === 'begin').length;
      const before = begins();
      await until(() => begins() > before || bench.channel.asked.length > 0);
      answered();
      await Promise.all(sends);
      expect(bench.channel.textsOf(A)).toEqual(['left', 'new']);
    });

    it.each([
      ['locks', 'GUARD_SENDS_LOCKS_DOWN'],
      ['journal', 'GUARD_SENDS_JOURNAL_DOWN'],
    ])('wait for the %s when they are away, and then still go before what is new', async (what, code) => {
      await here.stop();
      for (const text of texts(2)) leave(text);
      bench.locks.isAway = what === 'locks';
      bench.journal.before = (method) => {
        if (what === 'journal' && method === 'begin') throw new Error('the database is away');
      };
      const next = await bench.start({ settings: { lockFallback: 'refuse', sendsRetrySeconds: 0 } });
      expect(await next.send(A, 'refused').catch(codeOf)).toBe(code);
      expect(bench.journal.statesOf(CHAT_A).slice(0, 2)).toEqual(['accepted', 'accepted']);
      bench.locks.isAway = false;
      bench.journal.before = () => undefined;
      await until(async () => (await next.send(A, 'new').catch(codeOf)) !== code);
      expect(bench.channel.textsOf(A)).toEqual(['0', '1', 'new']);
      expect(next.resumed).toHaveLength(2);
    });

    it('and had to wait for the locks are made also where nothing new comes', async () => {
      await here.stop();
      leave('left');
      bench.locks.isAway = true;
      const next = await bench.start({ settings: { lockFallback: 'refuse' } });
      await until(() => next.log.lines.some(({ level }) => level === 'error'));
      bench.locks.isAway = false;
      await bench.channel.untilArrived(1);
    });

    it('are found when a send must wait for them', async () => {
      leave('left');
      await here.send(A, 'new');
      expect(bench.channel.textsOf(A)).toEqual(['left', 'new']);
    });
  });
});
