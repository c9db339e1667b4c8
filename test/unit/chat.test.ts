import { describe, expect, it } from '@jest/globals';
import { chatOf, placeOf } from '../../src/events/chat';
import { PARTITIONS } from '../../src/stores/outbox-store';

describe('the chat of an event', () => {
  it.each([
    ['a message', { key: { remoteJid: '5511999990000@s.whatsapp.net' } }, '5511999990000@s.whatsapp.net'],
    [
      'a message from a device',
      { key: { remoteJid: '5511999990000:12@s.whatsapp.net' } },
      '5511999990000@s.whatsapp.net',
    ],
    ['a bare number', { key: { remoteJid: '5511999990000' } }, '5511999990000@s.whatsapp.net'],
    ['the old server name', { remoteJid: '5511999990000@c.us' }, '5511999990000@s.whatsapp.net'],
    ['a group', { id: '120363000000@g.us', participants: [] }, '120363000000@g.us'],
    ['a label', { chatId: '99@lid', labelId: '3' }, '99@lid'],
    ['several events of one chat', [{ key: { remoteJid: '1@g.us' } }, { remoteJid: '1@g.us' }], '1@g.us'],
    ['events of several chats', [{ remoteJid: '1@g.us' }, { remoteJid: '2@g.us' }], ''],
    ['an id that is no JID', { id: 'ABCDEF', status: 'open' }, ''],
    ['no data', null, ''],
  ])('is found for %s', (_what, data, chat) => {
    expect(chatOf(data)).toBe(chat);
  });

  it('keeps its place, and places are spread over all partitions', () => {
    expect(placeOf('shop', '1@g.us')).toEqual(placeOf('shop', '1@g.us'));
    expect(placeOf('shop', '1@g.us').chatKey).not.toBe(placeOf('other', '1@g.us').chatKey);
    const partitions = new Set(Array.from({ length: 2_000 }, (_, n) => placeOf('shop', `${n}@g.us`).partition));
    expect(partitions.size).toBe(PARTITIONS);
    expect([...partitions].every((partition) => partition >= 0 && partition < PARTITIONS)).toBe(true);
  });
});
