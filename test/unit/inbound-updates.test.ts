import { setTimeout as later } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { SHAPES, update, type Version } from '../helpers/inbound-channel';
import { gate, inboundRig } from '../helpers/inbound-rig';
import { until } from '../helpers/until';

const away = () => {
  throw new Error('the database is away');
};

/** An instance that has the messages stored. */
function rig(version: Version, cache?: ReturnType<typeof inboundRig>['cache']) {
  const made = inboundRig(version, cache);
  for (const id of ['A', 'B', 'C']) made.shop.stored.add(id);
  return made;
}

/** 2.3.7 tells duplicates by the time, and the others by the status alone. */
const timed = (id: string, status = 3) => update(id, status, { messageTimestamp: 1_700_000_001 });

describe.each(Object.keys(SHAPES) as Version[])('an update that comes in to EvolutionAPI %s', (version) => {
  it('is let through again when its processing has failed, and the host is told', async () => {
    const { shop, log } = rig(version);
    shop.before = away;
    await expect(shop.update(timed('A'))).rejects.toThrow('the database is away');
    await later(0);
    shop.before = () => undefined;
    await shop.update(timed('A'));
    expect(shop.told).toEqual(['messages.update A']);
    expect(log.lines).toMatchObject([{ level: 'warn', fields: { instance: 'shop', messageId: 'A' } }]);
  });

  it('is let through again when what follows its event has failed', async () => {
    const { shop } = rig(version);
    shop.after = away;
    await expect(shop.update(timed('A'))).rejects.toThrow('the database is away');
    await later(0);
    shop.after = () => undefined;
    await shop.update(timed('A'));
    expect(shop.told).toEqual(['messages.update A', 'messages.update A']);
  });

  it('is a duplicate once it is processed, and another one with another status', async () => {
    const { shop, cache } = rig(version);
    await shop.update(timed('A'));
    await until(() => cache.has('shop-id_A_3'));
    await shop.update(timed('A'), timed('A', 4));
    await until(() => cache.has('shop-id_A_4'));
    expect(shop.told).toEqual(['messages.update A', 'messages.update A']);
    const text = SHAPES[version].marksTimes ? '1700000001' : 'true';
    expect([...cache.values]).toEqual([
      ['shop-id_A_3', { text, ttl: 1800 }],
      ['shop-id_A_4', { text, ttl: 1800 }],
    ]);
  });

  it('that deletes a message is marked as well', async () => {
    const { shop, cache } = rig(version);
    await shop.update({ ...timed('A'), update: { message: null } });
    expect(shop.told).toEqual(['messages.delete A']);
    await until(() => cache.has('shop-id_A_undefined'));
  });

  it('is let through again if its message was not stored by then', async () => {
    const { shop, log } = rig(version);
    await shop.update(timed('D'));
    await later(0);
    shop.stored.add('D');
    await shop.update(timed('D'));
    expect(shop.told).toEqual(['messages.update D']);
    expect(log.lines).toEqual([]);
  });

  it('of a status is left out on purpose', async () => {
    const { shop, cache } = rig(version);
    const { key, ...rest } = timed('A');
    await shop.update({ key: { ...key, remoteJid: 'status@broadcast' }, ...rest });
    await until(() => cache.has('shop-id_A_3'));
  });

  it('takes no other of its batch with it when it fails', async () => {
    const { shop } = rig(version);
    shop.before = (id) => (id === 'A' ? away() : undefined);
    await expect(shop.update(timed('A'), timed('B'), timed('C'))).rejects.toThrow('the database is away');
    expect(shop.told).toEqual(['messages.update B', 'messages.update C']);
  });

  it('is handed on once if it comes twice at once', async () => {
    const { shop } = rig(version);
    const step = gate();
    shop.before = () => step.passed;
    const both = [shop.update(timed('A')), shop.update(timed('A'))];
    step.open();
    await Promise.all(both);
    await later(0);
    expect(shop.told).toEqual(['messages.update A']);
  });

  it('is let through by the next process if this one dies at it', async () => {
    const dying = rig(version);
    const never = gate();
    dying.shop.after = () => never.passed;
    void dying.shop.update(timed('A'));
    await later(0);
    const { shop } = rig(version, dying.cache);
    await shop.update(timed('A'));
    expect(shop.told).toEqual(['messages.update A']);
  });

  it('has the unread messages of its chat counted once for its batch', async () => {
    const { shop } = rig(version);
    shop.after = () => shop.updateChatUnreadMessages('1@s.whatsapp.net');
    await shop.update(timed('A'), timed('B'), timed('C'));
    expect(shop.counted).toEqual(['1@s.whatsapp.net']);
    await shop.updateChatUnreadMessages('2@s.whatsapp.net');
    expect(shop.counted).toEqual(['1@s.whatsapp.net', '2@s.whatsapp.net']);
  });

  it('has unread messages counted though another of its batch fails', async () => {
    const { shop } = rig(version);
    shop.before = (id) => (id === 'B' ? away() : undefined);
    await expect(shop.update(timed('A'), timed('B'))).rejects.toThrow('the database is away');
    expect(shop.counted).toEqual(['1@s.whatsapp.net']);
  });

  it('puts off no counts of another channel or of a timer', async () => {
    const { shop, channel } = rig(version);
    const other = channel('other');
    const counted = gate();
    shop.after = async () => {
      await other.updateChatUnreadMessages('3@s.whatsapp.net');
      setTimeout(() => void shop.updateChatUnreadMessages('4@s.whatsapp.net').then(counted.open), 1);
    };
    await shop.update(timed('A'));
    await counted.passed;
    expect(other.counted).toEqual(['3@s.whatsapp.net']);
    expect(shop.counted).toEqual(['1@s.whatsapp.net', '4@s.whatsapp.net']);
  });
});
