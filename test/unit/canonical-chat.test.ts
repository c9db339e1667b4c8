import { describe, expect, it } from '@jest/globals';
import { canonicalChat } from '../../src/sends/canonical-chat';

/** Each line is one chat, in all spellings that callers of the host use for it. */
const ONE_CHAT: [string, string[]][] = [
  [
    'a Brazilian mobile with and without its ninth digit',
    [
      '5511988887777',
      '551188887777',
      '+5511988887777',
      '+55 (11) 98888-7777',
      '+55 11 98888.7777',
      '55 11 8888-7777',
      ' 5511988887777 ',
      '5511988887777@s.whatsapp.net',
      '551188887777@s.whatsapp.net',
      '5511988887777:12@s.whatsapp.net',
      '5511988887777:12',
      '5511988887777@c.us',
      '551188887777@C.US',
      '5511988887777@S.WhatsApp.Net',
    ],
  ],
  ['a Brazilian mobile beyond the south-east', ['5571988887777', '557188887777', '557188887777@s.whatsapp.net']],
  ['a Mexican number with and without 1', ['5215512345678', '525512345678', '+52 1 55 1234 5678', '525512345678@c.us']],
  [
    'an Argentine number with and without 9',
    ['5491123456789', '541123456789', '+54 9 11 2345-6789', '5491123456789@c.us'],
  ],
  [
    'a number of another country',
    ['4915112345678', '+49 151 12345678', '+49 (151) 123-456-78', '4915112345678:0@c.us'],
  ],
  ['a group', ['120363012345678901', '120363012345678901@g.us', '120363012345678901@G.US']],
  ['a group with a dash', ['5511988887777-1612345678', '5511988887777-1612345678@g.us']],
  ['a hidden number', ['123456789012345@lid', '123456789012345:7@lid', '123456789012345@LID']],
  ['the broadcast of statuses', ['status@broadcast', 'STATUS@BROADCAST']],
  ['a broadcast list', ['1612345678@broadcast', '1612345678@Broadcast']],
  ['a newsletter', ['120363012345678901@newsletter', '120363012345678901@NEWSLETTER']],
];

describe('canonicalChat', () => {
  it.each(ONE_CHAT)('%s is one chat in all spellings', (_what, spellings) => {
    const [first] = spellings;
    expect(canonicalChat(first)).toMatch(/^[\da-z-]+@(s\.whatsapp\.net|g\.us|lid|broadcast|newsletter)$/);
    expect(spellings.map(canonicalChat)).toEqual(spellings.map(() => canonicalChat(first)));
  });

  it('different chats stay apart', () => {
    const all = [
      ...ONE_CHAT.map(([, [first]]) => first),
      '5511988887778', // another number
      '551138887777', // a landline, which has no ninth digit
      '5511938887777', // and a number that only looks like one with it
      '5521988887777', // the same number elsewhere
      '521551234567', // too short for a folded Mexican one
      '120363012345678902',
      '5511988887777-1612345679',
      '5511988887777@lid', // another name space than telephone numbers
      '123456789012346@lid',
      '1612345679@broadcast',
      '120363012345678902@newsletter',
    ];
    expect(new Set(all.map(canonicalChat)).size).toBe(all.length);
  });

  it.each([
    ['empty text', ''],
    ['blanks', '  '],
    ['nothing', undefined],
    ['null', null],
    ['a number', 5511988887777],
    ['a list', ['5511988887777']],
    ['an object', { number: '5511988887777' }],
    ['words', 'hello'],
    ['words behind a number', '5511988887777 please'],
    ['two numbers', '5511988887777,5511988887778'],
    ['signs alone', '+ () - .'],
    ['a server alone', '@s.whatsapp.net'],
    ['the server of groups alone', '@g.us'],
    ['another server', '5511988887777@example.org'],
    ['two servers', '5511988887777@s.whatsapp.net@c.us'],
    ['two servers, the last one of groups', '5511988887777@s.whatsapp.net@g.us'],
    ['two servers, the first one of groups', '120363012345678901@g.us@s.whatsapp.net'],
    ['a server in pieces', '5511988887777@'],
  ])('%s names no chat', (_what, given) => {
    expect(canonicalChat(given)).toBeUndefined();
  });
});
