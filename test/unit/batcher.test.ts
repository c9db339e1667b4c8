import { beforeEach, describe, expect, it } from '@jest/globals';
import { Batcher } from '../../src/core/batcher';
import { Journal } from '../../src/sends/journal';
import { beginning, freshly, newSend } from '../helpers/new-sends';
import { MemorySends } from '../helpers/memory-sends';

interface Item {
  key: string;
  number: number;
}

/** A statement that is under way until it is told how it ends. */
interface Statement {
  items: readonly Item[];
  end(): void;
  fail(error: Error): void;
}

describe('batcher', () => {
  let statements: Statement[];
  const item = (number: number, key = `${number}`): Item => ({ key, number });
  const numbersOf = (statement: Statement | undefined) => statement?.items.map(({ number }) => number);

  const run = (items: readonly Item[]) =>
    new Promise<string[]>((resolve, reject) => {
      statements.push({ items, end: () => resolve(items.map(({ number }) => `answer ${number}`)), fail: reject });
    });
  const settled = () => new Promise(setImmediate);

  beforeEach(() => {
    statements = [];
  });

  it('gives what comes in one go to one statement, and what comes meanwhile to the next', async () => {
    const batcher = new Batcher(run, { items: 10, concurrent: 1 });
    const first = [batcher.add(item(1)), batcher.add(item(2))];
    await settled();
    const second = [batcher.add(item(3))];
    await settled();
    second.push(batcher.add(item(4)));
    await settled();
    expect(statements.map(numbersOf)).toEqual([[1, 2]]);
    statements[0]?.end();
    expect(await Promise.all(first)).toEqual(['answer 1', 'answer 2']);
    await settled();
    expect(statements.map(numbersOf)).toEqual([
      [1, 2],
      [3, 4],
    ]);
    statements[1]?.end();
    expect(await Promise.all(second)).toEqual(['answer 3', 'answer 4']);
    const third = batcher.add(item(5));
    await settled();
    statements[2]?.end();
    expect(await third).toBe('answer 5');
  });

  it('holds no more in a statement than it may', async () => {
    const batcher = new Batcher(run, { items: 2, concurrent: 1 });
    const all = [1, 2, 3, 4, 5].map((number) => batcher.add(item(number)));
    for (let statement = 0; statement < 3; statement += 1) {
      await settled();
      statements[statement]?.end();
    }
    expect(await Promise.all(all)).toHaveLength(5);
    expect(statements.map(numbersOf)).toEqual([[1, 2], [3, 4], [5]]);
  });

  it('has one item of a key in a statement at most, and keeps the order of each key', async () => {
    const batcher = new Batcher(run, { items: 3, concurrent: 1 }, ({ key }) => key);
    const all = [item(1, 'a'), item(2, 'a'), item(3, 'b'), item(4, 'a'), item(5, 'c'), item(6, 'd'), item(7, 'b')];
    const answers = all.map((each) => batcher.add(each));
    for (let statement = 0; statement < 3; statement += 1) {
      await settled();
      statements[statement]?.end();
    }
    expect(await Promise.all(answers)).toEqual(all.map(({ number }) => `answer ${number}`));
    expect(statements.map(numbersOf)).toEqual([[1, 3, 5], [2, 6, 7], [4]]);
  });

  it('tells a failure to all of its statement and to nobody else, and goes on', async () => {
    const batcher = new Batcher(run, { items: 2, concurrent: 1 });
    const answers = [1, 2, 3].map((number) => batcher.add(item(number)).catch((error: Error) => error.message));
    await settled();
    statements[0]?.fail(new Error('the server is gone'));
    await settled();
    statements[1]?.end();
    expect(await Promise.all(answers)).toEqual(['the server is gone', 'the server is gone', 'answer 3']);
  });

  it('has as many statements under way as it may', async () => {
    const batcher = new Batcher(run, { items: 10, concurrent: 2 });
    const answers = [];
    for (const number of [1, 2, 3, 4]) {
      answers.push(batcher.add(item(number)));
      await settled();
    }
    expect(statements.map(numbersOf)).toEqual([[1], [2]]);
    statements[1]?.end();
    await settled();
    expect(statements.map(numbersOf)).toEqual([[1], [2], [3, 4]]);
    statements[0]?.end();
    statements[2]?.end();
    expect(await Promise.all(answers)).toHaveLength(4);
  });
});

describe('the journal', () => {
  it('writes what comes together in one trip of each kind', async () => {
    const memory = new MemorySends();
    const trips: [string, number][] = [];
    const { accept, begin, finish } = memory.store;
    const journal = new Journal(
      {
        accept: (owner, sends) => (trips.push(['accept', sends.length]), accept(owner, sends)),
        begin: (owner, all) => (trips.push(['begin', all.length]), begin(owner, all)),
        finish: (owner, all) => (trips.push(['finish', all.length]), finish(owner, all)),
      },
      'me',
    );
    const chats = ['a@g.us', 'a@g.us', 'b@g.us'].map((chat) => newSend({ chat }));
    const all = [...chats, newSend({ chat: 'a@g.us', instance: 'another' })];
    await Promise.all(all.map((send) => journal.accept(send)));
    const begun = await Promise.all(all.map((send) => journal.begin(beginning(send))));
    expect(begun.map(({ outcome }) => outcome)).toEqual(['begun', 'begun', 'begun', 'begun']);
    await Promise.all(all.map(({ sendId }) => journal.finish({ sendId, state: 'sent' })));
    expect(trips).toEqual([
      ['accept', 4],
      ['begin', 4],
      ['finish', 4],
    ]);
  });

  it('tells a failure to everyone whose send was in the trip', async () => {
    const memory = new MemorySends();
    memory.before = () => {
      throw new Error('the database is away');
    };
    const journal = new Journal(memory.store, 'me');
    const sends = ['a@g.us', 'b@g.us'].map((chat) => newSend({ chat }));
    const outcomes = await Promise.allSettled([
      ...sends.map((send) => journal.accept(send)),
      ...sends.map((send) => journal.begin(freshly(send))),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(Array<string>(4).fill('rejected'));
    expect(memory.asked).toEqual(['accept', 'begin']);
  });
});
