import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { setTimeout as pause } from 'node:timers/promises';
import { inSurroundings } from '../../src/sends/turn';
import { A, B, CHAT_A, KEY_A, settled, texts, SendBench } from '../helpers/send-bench';
import type { TestProcess } from '../helpers/send-rig';
import { until } from '../helpers/until';

describe('a process that guards sends', () => {
  let bench: SendBench;
  let here: TestProcess;

  beforeEach(async () => {
    bench = new SendBench();
    here = await bench.start();
  });

  afterEach(() => bench.stop());

  describe('sends', () => {
    it('one at a time to each chat, in order, and to all chats at once', async () => {
      bench.channel.behave = () => pause(Math.random() * 4).then(() => undefined);
      const other = bench.hold('0 to b');
      const sends = texts(20).flatMap((text) => [here.send(A, text), here.send(B, `${text} to b`)]);
      await until(() => bench.channel.textsOf(A).length === 20);
      expect(bench.channel.textsOf(B)).toEqual([]);
      other.letGo();
      await Promise.all(sends);
      expect([bench.channel.textsOf(A), bench.channel.collisions]).toEqual([texts(20), []]);
      expect(bench.channel.textsOf(B)).toEqual(texts(20).map((text) => `${text} to b`));
      expect(bench.locks.asked.filter((each) => each === 'acquire')).toHaveLength(2);
    });

    it('one that need not wait with one trip to the journal before it, and one that waits when it is accepted', async () => {
      bench.journal.asked.length = 0;
      await here.send(A, 'alone');
      await bench.untilStates(CHAT_A, 'sent');
      expect(bench.journal.asked.filter((each) => ['accept', 'begin', 'finish'].includes(each))).toEqual([
        'begin',
        'finish',
      ]);
      const under = bench.hold('first');
      const sends = [here.send(A, 'first'), here.send(A, 'second'), here.send(A, 'third')];
      await bench.untilStates(CHAT_A, 'sent', 'sending', 'accepted', 'accepted');
      under.letGo();
      await Promise.all(sends);
      await bench.untilStates(CHAT_A, 'sent', 'sent', 'sent', 'sent');
    });

    it('with the id that was reserved, and gives the caller what the host answers', async () => {
      const answer = await here.send(A, 'hello', { messageId: '3EB01' });
      expect(answer).toEqual({ key: { id: '3EB01' }, text: 'hello' });
      expect(bench.channel.arrived).toMatchObject([{ messageId: '3EB01' }]);
      await bench.untilStates(CHAT_A, 'sent');
      expect(bench.journal.sends).toMatchObject([
        { messageId: '3EB01', instance: 'shop', caller: 'host', chat: CHAT_A },
      ]);
    });

    it('in the order of the turns that were taken, whichever send comes first', async () => {
      const turns = texts(5).map(() => here.sends.openTurn('shop', CHAT_A, { isSingle: true }));
      const sends = turns.map((turn, number) => ({ turn, text: `${number}` })).reverse();
      const within = ({ turn, text }: (typeof sends)[0]) =>
        inSurroundings({ caller: 'http', isHigh: false, turn }, () => here.send(A, text));
      const made = [];
      for (const each of sends.slice(0, 3)) made.push(within(each));
      await settled();
      await turns[1]?.end(); // a request that came to nothing
      made.push(within(sends[4] as (typeof sends)[0]));
      await Promise.all(made);
      expect(bench.channel.textsOf(A)).toEqual(['0', '2', '3', '4']);
      expect(bench.journal.sends.every(({ caller }) => caller === 'http')).toBe(true);
    });

    it('of high priority before those that wait, but not before the one under way', async () => {
      const under = bench.hold('first');
      const sends = [here.send(A, 'first'), here.send(A, 'normal')];
      sends.push(inSurroundings({ caller: 'http', isHigh: true }, () => here.send(A, 'high')));
      await settled();
      under.letGo();
      await Promise.all(sends);
      expect(bench.channel.textsOf(A)).toEqual(['first', 'high', 'normal']);
    });

    it('that a send makes itself in its chat at once, and in another chat in its turn there', async () => {
      const other = bench.hold('other');
      const sends = [here.send(B, 'other')];
      const nested = () => here.send(A, 'nested').then(() => here.send(B, 'nested in b'));
      sends.push(here.send(A, 'outer', { perform: nested }), here.send(A, 'later'));
      await until(() => bench.channel.textsOf(A).includes('nested'));
      await settled();
      expect(bench.channel.textsOf(A)).toEqual(['nested']);
      other.letGo();
      await Promise.all(sends);
      expect([bench.channel.textsOf(A), bench.channel.textsOf(B)]).toEqual([
        ['nested', 'later'],
        ['other', 'nested in b'],
      ]);
    });

    it('without a Redis just as well', async () => {
      const alone = await bench.start({}, false);
      await Promise.all(texts(10).map((text) => alone.send(A, text)));
      expect([bench.channel.textsOf(A), bench.channel.collisions]).toEqual([texts(10), []]);
    });
  });

  describe('refuses', () => {
    it.each([
      ['an empty number', '', 'It was empty.'],
      ['a list of numbers', [A, B], 'It was a list.'],
      ['a number as such', 5511988880001, 'It was number.'],
      ['words', 'everybody', 'It was text that is neither a number nor a JID.'],
    ])('%s, and sends nothing', async (_what, number, detail) => {
      await expect(here.send(number, 'hello')).rejects.toMatchObject({ code: 'GUARD_SENDS_CHAT', detail });
      expect([bench.channel.asked, bench.journal.sends]).toEqual([[], []]);
      expect((await here.metrics.sendsRefused.get()).values).toMatchObject([
        { labels: { code: 'GUARD_SENDS_CHAT' }, value: 1 },
      ]);
    });

    it('a text that is too long, and sends nothing', async () => {
      await expect(here.send(A, 'x'.repeat(65_537))).rejects.toMatchObject({
        code: 'GUARD_SENDS_TEXT_TOO_LONG',
        detail: 'It has 65537 characters, 65536 are allowed.',
      });
      await here.send(A, 'x'.repeat(65_536));
      expect(bench.channel.arrived).toHaveLength(1);
    });

    it('what goes beyond the limits, and takes it when others have gone', async () => {
      const small = await bench.start({ settings: { sendsChatQueueLimit: 2, sendsQueueLimit: 3 } });
      const under = bench.hold('one');
      const sends = [small.send(A, 'one'), small.send(A, 'two')];
      await expect(small.send(A, 'three')).rejects.toMatchObject({ code: 'GUARD_SENDS_FULL' });
      under.letGo();
      await Promise.all(sends);
      await small.send(A, 'four');
      expect(bench.channel.textsOf(A)).toEqual(['one', 'two', 'four']);
    });
  });

  describe.each([
    ['with', true],
    ['without', false],
  ])('and another one, %s a Redis', (_with, isLocked) => {
    it('never send to one chat at once, and each keeps its own order', async () => {
      const both = [await bench.start({}, isLocked), await bench.start({}, isLocked)] as const;
      bench.channel.behave = () => pause(Math.random() * 3).then(() => undefined);
      const sends = texts(10).flatMap((text) => both.map((process) => process.send(A, text)));
      await until(
        () => bench.channel.arrived.length === 20,
        () => bench.journal.sends,
      );
      await Promise.all(sends);
      expect([bench.channel.collisions, ...both.map((each) => bench.textsBy(each))]).toEqual([
        [],
        texts(10),
        texts(10),
      ]);
    });

    it('get on also where a later send of one is known before an earlier one', async () => {
      const both = [await bench.start({}, isLocked), await bench.start({}, isLocked)] as const;
      const turns = both.map(({ sends }) => sends.openTurn('shop', CHAT_A, { isSingle: true }));
      const seconds = both.map((process) => process.send(A, 'second')); // its request was quicker than the one before it
      await bench.untilStates(CHAT_A, 'accepted', 'accepted');
      const firsts = both.map((process, index) =>
        inSurroundings({ caller: 'http', isHigh: false, turn: turns[index] as (typeof turns)[0] }, () =>
          process.send(A, 'first'),
        ),
      );
      await until(
        () => bench.channel.arrived.length === 4,
        () => bench.journal.sends,
      );
      await Promise.all([...firsts, ...seconds]);
      for (const each of both) expect(bench.textsBy(each)).toEqual(['first', 'second']);
    });

    it('get on also where one has something of high priority', async () => {
      const both = [await bench.start({}, isLocked), await bench.start({}, isLocked)] as const;
      const under = bench.hold('under way');
      const sends = [both[0].send(A, 'under way')];
      await until(under.isAsked);
      for (const process of both) sends.push(process.send(A, 'normal'));
      await bench.untilStates(CHAT_A, 'sending', 'accepted', 'accepted');
      sends.push(inSurroundings({ caller: 'http', isHigh: true }, () => both[0].send(A, 'high')));
      under.letGo();
      await until(
        () => bench.channel.arrived.length === 4,
        () => bench.journal.sends,
      );
      await Promise.all(sends);
      expect([bench.textsBy(both[0]), bench.textsBy(both[1])]).toEqual([['under way', 'high', 'normal'], ['normal']]);
    });
  });

  it('keeps no memory of chats whose work is done', async () => {
    for (const round of texts(3)) {
      await Promise.all(texts(200).map((chat) => here.send(`55119000${chat.padStart(5, '0')}`, round)));
    }
    expect((await here.metrics.sendsWaiting.get()).values[0]?.value).toBe(0);
    await until(() => bench.locks.asked.filter((each) => each === 'release').length === 600);
    const key = KEY_A;
    expect(bench.locks.isHeld(key)).toBe(false);
  });
});
