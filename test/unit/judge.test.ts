import { describe, expect, it } from '@jest/globals';
import { GuardError } from '../../src/core/errors';
import { Attempt, currentAttempt, runAttempt, type Contact } from '../../src/sends/attempt';
import { isRepeatable, judge, wordsOf, type Ending } from '../../src/sends/judge';

const held = { isHeld: () => true };

/** What the host throws where its own send has failed: whatever it was, in words. */
const hostError = (...message: unknown[]) => ({ status: 400, error: 'Bad Request', message });
const failed: Ending = { error: hostError('TypeError: something else') };
const answered: Ending = { result: { key: { id: 'OF-THE-ANSWER' } } };

function attemptWith(contact: Contact, messageId?: string): Attempt {
  const attempt = new Attempt('send', messageId, held);
  attempt.contact = contact;
  return attempt;
}

const verdictOf = (contact: Contact, ending: Ending, mayRepeat = false, messageId?: string) =>
  judge(attemptWith(contact, messageId), ending, mayRepeat);

describe('judge', () => {
  it('a send that was held back has lost its lease, whatever the host makes of it', () => {
    expect(verdictOf({ kind: 'held-back' }, failed)).toEqual({ kind: 'lease-lost' });
    expect(verdictOf({ kind: 'held-back' }, answered, true)).toEqual({ kind: 'lease-lost' });
  });

  it('what the channel took is sent, even where the host stumbles afterwards, under the id that it got', () => {
    expect(verdictOf({ kind: 'taken', messageId: 'W1' }, failed)).toEqual({ kind: 'sent', messageId: 'W1' });
    expect(verdictOf({ kind: 'taken', messageId: undefined }, answered, true, 'RESERVED')).toEqual({
      kind: 'sent',
      messageId: 'RESERVED',
    });
  });

  it('a refusal is final, also for what could be repeated', () => {
    const refused: Contact = { kind: 'refused', detail: 'with 131026' };
    for (const mayRepeat of [false, true]) {
      expect(verdictOf(refused, answered, mayRepeat)).toEqual({ kind: 'failed', detail: 'with 131026' });
    }
  });

  it('what was put off is tried again after the time that WhatsApp asks for', () => {
    const contact: Contact = { kind: 'put-off', detail: 'HTTP 429', retryAfterMs: 3_000 };
    expect(verdictOf(contact, failed)).toEqual({ kind: 'again', detail: 'HTTP 429', afterMs: 3_000 });
    const silent: Contact = { ...contact, retryAfterMs: undefined };
    expect(verdictOf(silent, answered)).toEqual({ kind: 'again', detail: 'HTTP 429', afterMs: undefined });
  });

  it('what was not written is tried again', () => {
    const contact: Contact = { kind: 'not-written', detail: 'ECONNREFUSED' };
    expect(verdictOf(contact, failed)).toEqual({ kind: 'again', detail: 'ECONNREFUSED', afterMs: undefined });
  });

  it('what was written and not answered is tried again only where a repeat does no harm', () => {
    const contact: Contact = { kind: 'unanswered', detail: 'socket hang up' };
    expect(verdictOf(contact, failed, false)).toEqual({ kind: 'unknown', detail: 'socket hang up' });
    expect(verdictOf(contact, failed, true)).toEqual({ kind: 'again', detail: 'socket hang up', afterMs: undefined });
  });

  it('a send that is handed over and ends with an error is unknown, unless a repeat does no harm', () => {
    const closed: Ending = { error: hostError('Error: Connection Closed') };
    expect(verdictOf({ kind: 'under-way' }, closed, false)).toEqual({
      kind: 'unknown',
      detail: 'Error: Connection Closed',
    });
    expect(verdictOf({ kind: 'under-way' }, closed, true)).toMatchObject({ kind: 'again' });
    expect(verdictOf({ kind: 'under-way' }, failed, true)).toMatchObject({ kind: 'failed' });
    expect(verdictOf({ kind: 'under-way' }, answered)).toEqual({ kind: 'sent', messageId: 'OF-THE-ANSWER' });
  });

  it('a send that never came to the socket is tried again where the socket was not there, else it has failed', () => {
    const closed: Ending = { error: hostError('Error: Connection Closed') };
    expect(verdictOf({ kind: 'none' }, closed)).toEqual({
      kind: 'again',
      detail: 'Error: Connection Closed',
      afterMs: undefined,
    });
    const noSuchNumber: Ending = { error: hostError({ jid: '1@s.whatsapp.net', exists: false }) };
    expect(verdictOf({ kind: 'none' }, noSuchNumber)).toEqual({
      kind: 'failed',
      detail: '{"jid":"1@s.whatsapp.net","exists":false}',
    });
  });

  it('a channel that nothing leaves by has sent what it answers, under the id of its answer', () => {
    expect(verdictOf({ kind: 'none' }, answered)).toEqual({ kind: 'sent', messageId: 'OF-THE-ANSWER' });
    expect(verdictOf({ kind: 'none' }, { result: undefined }, true, 'RESERVED')).toEqual({
      kind: 'sent',
      messageId: 'RESERVED',
    });
    expect(verdictOf({ kind: 'none' }, { result: { key: { id: 7 } } })).toEqual({ kind: 'sent', messageId: undefined });
  });

  it.each([
    'Error: Connection Closed',
    'Error: Connection Lost',
    'Connection was lost',
    'Connection Failure',
    'Connection Replaced',
    'Connection Terminated',
    'Error: Timed Out',
    'WebSocket is not open: readyState 0 (CONNECTING)',
    'Stream Errored (restart required)',
    "TypeError: Cannot read properties of undefined (reading 'sendMessage')",
    "TypeError: Cannot read properties of null (reading 'onWhatsApp')",
    "TypeError: Cannot read properties of undefined (reading 'user')",
    'connect ECONNREFUSED 127.0.0.1:443',
    'getaddrinfo ENOTFOUND web.whatsapp.com',
    'getaddrinfo EAI_AGAIN web.whatsapp.com',
  ])('"%s" says that there was no connection', (words) => {
    expect(verdictOf({ kind: 'none' }, { error: hostError(words) })).toMatchObject({ kind: 'again' });
  });

  it.each([
    "TypeError: Cannot read properties of undefined (reading 'message')",
    'Error: not-acceptable',
    'Group not found',
    '{"jid":"5511@s.whatsapp.net","exists":false}',
    'GUARD_SENDS_FULL',
  ])('"%s" says nothing about a connection', (words) => {
    expect(verdictOf({ kind: 'none' }, { error: hostError(words) })).toMatchObject({ kind: 'failed' });
  });

  it('does no harm to repeat what has its id, a change, or a deletion', () => {
    expect(isRepeatable({ kind: 'text', messageId: '3EB0' })).toBe(true);
    expect(['edit', 'delete', 'text', 'reaction'].map((kind) => isRepeatable({ kind }))).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });

  it.each([
    [new Error('as it is'), 'as it is'],
    [hostError('one', { two: 2 }), 'one; {"two":2}'],
    [{ status: 500, message: 'one word' }, 'one word'],
    ['text', 'text'],
    [undefined, 'undefined'],
    [null, 'null'],
  ])('has words for whatever was thrown: %p', (error, words) => {
    expect(wordsOf(error)).toBe(words);
  });
});

describe('an attempt', () => {
  it('may leave as long as its lease is held', () => {
    const attempt = new Attempt('send-1', undefined, held);
    expect(attempt.contact).toEqual({ kind: 'none' });
    attempt.leave();
    expect(attempt.contact).toEqual({ kind: 'under-way' });
  });

  it('is held back when its lease is lost', () => {
    const attempt = new Attempt('send-1', undefined, { isHeld: () => false });
    expect(() => attempt.leave()).toThrow(GuardError);
    expect(() => attempt.leave()).toThrow(/GUARD_SENDS_LEASE_LOST.*Send send-1\./);
    expect(attempt.contact).toEqual({ kind: 'held-back' });
  });

  it('is known to the code that it runs, also behind pauses, and to no other', async () => {
    const attempts = ['one', 'two'].map((id) => new Attempt(id, undefined, held));
    const seen = await Promise.all(
      attempts.map((attempt) =>
        runAttempt(attempt, async () => {
          await new Promise(setImmediate);
          return currentAttempt()?.sendId;
        }),
      ),
    );
    expect([...seen, currentAttempt()]).toEqual(['one', 'two', undefined]);
  });
});
