import { setTimeout as later } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { message } from '../helpers/inbound-channel';
import { gate, inboundRig } from '../helpers/inbound-rig';
import { until } from '../helpers/until';

const away = () => {
  throw new Error('the database is away');
};
const fails = (id: string) => (each: string) => (each === id ? away() : undefined);

const DEDUPLICATING = ['2.3.0', '2.3.6'] as const;

describe.each(DEDUPLICATING)('a message that comes in to EvolutionAPI %s', (version) => {
  it('is let through again when its processing has failed', async () => {
    const { shop, cache, log } = inboundRig(version);
    shop.before = away;
    await shop.upsert([message('A')]);
    expect(shop.told).toEqual([]);
    await log.until(() => log.lines.length > 0);
    expect(await cache.has('shop-id_A')).toBe(false);
    shop.before = () => undefined;
    await shop.upsert([message('A')]);
    expect(shop.told).toEqual(['messages.upsert A']);
    const warnings = log.lines.filter(({ level }) => level === 'warn');
    expect(warnings.map(({ fields }) => fields)).toEqual([{ instance: 'shop', messageId: 'A' }]);
  });

  it('is a duplicate once it is processed', async () => {
    const { shop, cache, log } = inboundRig(version);
    await shop.upsert([message('A')]);
    await until(() => cache.has('shop-id_A'));
    await shop.upsert([message('A')]);
    expect(shop.told).toEqual(['messages.upsert A']);
    expect(cache.values.get('shop-id_A')).toEqual({ text: 'true', ttl: 300 });
    expect(log.lines).toEqual([]);
  });

  it('is processed if an error is logged and it is handed on all the same', async () => {
    const { shop, cache } = inboundRig(version);
    shop.before = () => shop.logger.error('no media');
    await shop.upsert([message('A')]);
    await until(() => cache.has('shop-id_A'));
  });

  it('is processed if only what comes after its event fails', async () => {
    const { shop, cache } = inboundRig(version);
    shop.after = away;
    await shop.upsert([message('A')]);
    await until(() => cache.has('shop-id_A'));
    await shop.upsert([message('A')]);
    expect(shop.told).toEqual(['messages.upsert A']);
  });

  it('is processed if it is left out on purpose', async () => {
    const { shop, cache } = inboundRig(version);
    shop.settings = { groupsIgnore: true };
    const { key } = message('A');
    await shop.upsert([{ key: { ...key, remoteJid: '1@g.us' }, message: {} }]);
    await until(() => cache.has('shop-id_A'));
    expect(cache.values.get('shop-id_A')).toEqual({ text: 'true', ttl: 300 });
  });

  it('is let through with its content after it came without', async () => {
    const { shop, log } = inboundRig(version);
    await shop.upsert([{ key: message('A').key }]);
    await later(0);
    await shop.upsert([message('A')]);
    expect(shop.told).toEqual(['messages.upsert A']);
    expect(log.lines).toEqual([]);
  });

  it('is handed on once if it comes twice at once', async () => {
    const { shop } = inboundRig(version);
    const step = gate();
    shop.before = () => step.passed;
    const both = [shop.upsert([message('A')]), shop.upsert([message('A')])];
    step.open();
    await Promise.all(both);
    await later(0);
    expect(shop.told).toEqual(['messages.upsert A']);
  });

  it('is processed by the second of two at once if the first fails', async () => {
    const { shop } = inboundRig(version);
    let calls = 0;
    shop.before = async () => {
      await later(1);
      if (calls++ === 0) away();
    };
    await Promise.all([shop.upsert([message('A')]), shop.upsert([message('A')])]);
    await until(() => shop.told.length > 0);
    expect([calls, shop.told]).toEqual([2, ['messages.upsert A']]);
  });

  it('is let through again if its event could not be handed on', async () => {
    const { shop, cache, log } = inboundRig(version);
    const step = gate();
    shop.emit = () => step.passed;
    await shop.upsert([message('A')]);
    expect(await cache.has('shop-id_A')).toBe(false);
    step.fail(new Error('no disk'));
    await log.until(() => log.lines.length > 0);
    await later(0);
    shop.emit = () => Promise.resolve();
    await shop.upsert([message('A')]);
    expect(shop.told).toEqual(['messages.upsert A', 'messages.upsert A']);
  });

  it('holds up no other one while its event is being handed on', async () => {
    const { shop } = inboundRig(version);
    const step = gate();
    shop.emit = (_event, id) => (id === 'A' ? step.passed : Promise.resolve());
    await shop.upsert([message('A')]);
    await shop.upsert([message('A'), message('B')]);
    expect(shop.told).toEqual(['messages.upsert A', 'messages.upsert B']);
    step.open();
    await later(0);
    expect(shop.told).toHaveLength(2);
  });

  it('takes no other of its batch with it when it fails', async () => {
    const { shop } = inboundRig(version);
    shop.before = fails('B');
    await shop.upsert([message('A'), message('B'), message('C')]);
    expect(shop.told).toEqual(['messages.upsert A', 'messages.upsert C']);
  });

  it('is let through by the next process if this one dies at it', async () => {
    const dying = inboundRig(version);
    const never = gate();
    dying.shop.before = () => never.passed;
    void dying.shop.upsert([message('A')]);
    await later(0);
    const { shop } = inboundRig(version, dying.cache);
    await shop.upsert([message('A')]);
    expect(shop.told).toEqual(['messages.upsert A']);
  });

  it('is another one in another instance', async () => {
    const { shop, channel, cache } = inboundRig(version);
    const other = channel('other');
    const step = gate();
    shop.before = () => step.passed;
    const under = shop.upsert([message('A')]);
    await other.upsert([message('A')]);
    expect(other.told).toEqual(['messages.upsert A']);
    await until(() => cache.has('other-id_A'));
    expect(await cache.has('shop-id_A')).toBe(false);
    step.open();
    await under;
  });

  it('does not fail by other events, nor by those of another instance', async () => {
    const { shop, channel, cache } = inboundRig(version);
    const other = channel('other');
    other.emit = () => Promise.reject(new Error('of another instance'));
    shop.emit = (event) => (event === 'messages.upsert' ? Promise.resolve() : Promise.reject(new Error(event)));
    shop.before = () =>
      Promise.allSettled([
        other.sendDataWebhook('messages.upsert', message('A')),
        shop.sendDataWebhook('contacts.update', message('A')),
      ]);
    await shop.upsert([message('A')]);
    await until(() => cache.has('shop-id_A'));
  });

  it('keeps its batch as it was, but for its length', async () => {
    const { shop, cache } = inboundRig(version);
    await shop.upsert([message('A')]);
    await until(() => cache.has('shop-id_A'));
    await later(0);
    shop.before = () => later(1);
    await shop.upsert([message('A')], 'a request');
    expect(shop.told).toEqual(['messages.upsert A', 'messages.upsert A']);
  });

  it('says so if it cannot be marked', async () => {
    const { shop, cache, log } = inboundRig(version);
    cache.gate = (key) => (key === 'shop-id_A' ? Promise.reject(new Error('Redis is away')) : Promise.resolve());
    await shop.upsert([message('A')]);
    await log.until(() => log.lines.length > 0);
    expect(log.lines).toMatchObject([{ level: 'warn', fields: { messageId: 'A', reason: 'Redis is away' } }]);
  });
});
