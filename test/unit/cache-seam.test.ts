import { beforeEach, describe, expect, it, jest } from '@jest/globals';
import type * as Seam from '../../src/host/cache-seam';
import { CACHE_METHODS } from '../../src/host/shapes';

let seam: typeof Seam;

/** As the host loads it: once in a process. */
beforeEach(() => {
  jest.resetModules();
  seam = jest.requireActual('../../src/host/cache-seam');
});

type Engine = Record<(typeof CACHE_METHODS)[number], (...args: unknown[]) => Promise<unknown>>;

/** Answers with its name and what it was called with. */
const engine = (name: string) =>
  Object.fromEntries(
    CACHE_METHODS.map((method) => [method, (...args: unknown[]) => Promise.resolve([name, method, ...args])]),
  ) as Engine;

const own = (module: string) => engine(`own ${module}`) as never;

/** The host's client, and whether it is connected. */
function client(isOpen = true) {
  const given = { isOpen, ended: 0, disconnect: () => ((given.ended += 1), (given.isOpen = false), Promise.resolve()) };
  return given;
}

const CALLS = [
  ['get', 'key'],
  ['hGet', 'key', 'field'],
  ['set', 'key', { a: 1 }, 60],
  ['hSet', 'key', 'field', 'value'],
  ['has', 'key'],
  ['keys', 'criteria'],
  ['delete', ['one', 'two']],
  ['hDelete', 'key', 'field'],
  ['deleteAll', 'criteria'],
] as const;

describe('the seam in the engines of the cache', () => {
  it.each(CALLS)(
    'hands %s on to the engine of the host, and later to the one in its place',
    async (method, ...args) => {
      const given = seam.cacheEngine(engine('stock'), 'instance');
      const { [method]: call } = given;
      expect(await given[method](...args)).toEqual(['stock', method, ...args]);
      seam.joinCache(own);
      expect(await given[method](...args)).toEqual(['own instance', method, ...args]);
      expect(await call.apply(given, args)).toEqual(['own instance', method, ...args]);
    },
  );

  it('puts an own engine in the place of each, by its name', async () => {
    const all = ['instance', 'baileys'].map((module) => seam.cacheEngine(engine('stock'), module));
    seam.joinCache(own);
    expect(await Promise.all(all.map((each) => each.get('key')))).toEqual([
      ['own instance', 'get', 'key'],
      ['own baileys', 'get', 'key'],
    ]);
  });

  it('puts one in the place of engines that are made later as well', async () => {
    seam.joinCache(own);
    expect(await seam.cacheEngine(engine('stock'), 'groups').get('key')).toEqual(['own groups', 'get', 'key']);
  });

  it('makes an own engine once for each', () => {
    const made: string[] = [];
    seam.cacheEngine(engine('stock'), 'instance');
    seam.joinCache((module) => (made.push(module), own(module)));
    seam.cacheEngine(engine('stock'), 'groups');
    expect(made).toEqual(['instance', 'groups']);
  });

  it('ends the connection that the host’s engines share, and no other', () => {
    const [shared, closed] = [client(), client(false)];
    const add = (more: object, module: string) => seam.cacheEngine({ ...engine('stock'), ...more }, module);
    add({ client: shared }, 'instance');
    add({ client: shared }, 'baileys');
    add({ client: closed }, 'groups');
    add({}, 'local');
    expect(shared.ended).toBe(0);
    seam.joinCache(own);
    expect([shared.ended, closed.ended]).toEqual([1, 0]);
  });

  it('ends the connection of an engine that is made later', () => {
    const late = client();
    seam.joinCache(own);
    seam.cacheEngine({ ...engine('stock'), client: late }, 'groups');
    expect(late.ended).toBe(1);
  });

  it('goes on where a connection cannot be ended', async () => {
    const stuck = { isOpen: true, disconnect: () => Promise.reject(new Error('It is a test.')) };
    const given = seam.cacheEngine({ ...engine('stock'), client: stuck }, 'instance');
    seam.joinCache(own);
    expect(await given.get('key')).toEqual(['own instance', 'get', 'key']);
  });

  it('gives back the nothing that it was given, and an engine of another shape as it is', () => {
    const other = { ...engine('stock'), hGet: undefined };
    expect([seam.cacheEngine(undefined, 'chatwoot'), seam.cacheEngine(other, 'groups')]).toEqual([undefined, other]);
    expect(seam.cacheEngine(other, 'groups')).toBe(other);
    seam.joinCache(own);
    expect(seam.cacheEngine(other, 'groups')).toBe(other);
  });
});

describe('what is told of the seam', () => {
  it('is nothing where the engines that are relied on were made, also as none', () => {
    seam.cacheEngine(engine('stock'), 'instance');
    seam.cacheEngine(undefined, 'baileys');
    expect(seam.checkCacheSeam()).toBeUndefined();
  });

  it('is that the host was not patched', () => {
    expect(seam.checkCacheSeam()).toBe('cacheEngine was never called: the patch "cache-engine" is not in this build');
  });

  it('is which of them were not made', () => {
    seam.cacheEngine(engine('stock'), 'groups');
    expect(seam.checkCacheSeam()).toBe('no cache "instance", "baileys" was made');
    seam.cacheEngine(engine('stock'), 'instance');
    expect(seam.checkCacheSeam()).toBe('no cache "baileys" was made');
  });

  it('is what an engine lacks', () => {
    seam.cacheEngine(engine('stock'), 'instance');
    seam.cacheEngine({ ...engine('stock'), hGet: undefined, keys: 1 }, 'baileys');
    expect(seam.checkCacheSeam()).toBe('the cache "baileys" has no hGet, keys');
  });
});
