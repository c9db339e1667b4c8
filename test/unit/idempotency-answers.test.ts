import { describe, expect, it } from '@jest/globals';
import { GuardError } from '../../src/core/errors';
import { asHostError } from '../../src/host/refusals';
import { fingerprintOf, requestIdOf } from '../../src/sends/idempotency-key';
import { answerOfEnding, answerOfSends, keptAnswer } from '../../src/sends/idempotent-answer';
import type { RequestSend } from '../../src/stores/idempotency-store';
import { hostError } from '../helpers/test-channel';

const asked = { method: 'POST', path: '/message/sendText/shop', query: {} };
const print = (body: unknown) => fingerprintOf({ ...asked, body });

describe('idempotency keys', () => {
  it('name a request of one caller and instance, whatever characters those have', () => {
    const scope = { apiKey: 'a', instance: 'b', key: 'c' };
    const others = [{ apiKey: 'a"' }, { instance: 'b","c' }, { key: 'b","c' }, { apiKey: 'ab', instance: '' }];
    const ids = [scope, ...others.map((other) => ({ ...scope, ...other }))].map(requestIdOf);
    expect(new Set(ids).size).toBe(5);
    expect(requestIdOf({ ...scope })).toBe(ids[0]);
    expect(ids[0]).toMatch(/^[0-9a-f]{64}$/);
  });

  it('tell any two bodies apart', () => {
    const bodies: unknown[] = [
      ...[undefined, null, true, false, 0, 1, '', '1', 'null', [], {}, [[]], [{}], ['1'], [1], [1, 2], [12], [[1], 2]],
      ...[
        { a: 1 },
        { a: '1' },
        { a: { b: 1 } },
        { a: 1, b: 1 },
        { 'a1:b': 1 },
        { b: 1 },
        ['a', 1],
        { ab: '' },
        { a: 'b' },
      ],
      ...['é', 'e\u0301', { é: 1 }, [null], [''], ['', ''], { a: [] }, { a: {} }, { a: null }],
    ];
    expect(new Set(bodies.map(print)).size).toBe(bodies.length);
    expect(print({ a: 1, b: [{ c: 2, d: 3 }] })).toBe(print({ b: [{ d: 3, c: 2 }], a: 1 }));
    const other = fingerprintOf({ ...asked, query: { instanceName: 'other' }, body: {} });
    expect(other).not.toBe(print({}));
  });

  it('do not take bodies that would keep the process busy', () => {
    const many = Array.from({ length: 100_001 }, () => 1);
    let deep: unknown = 1;
    for (let depth = 0; depth < 20_000; depth += 1) deep = [deep];
    for (const body of [many, deep]) expect(() => print(body)).toThrow('GUARD_IDEMPOTENCY_KEY');
    expect(print('x'.repeat(1_000_000))).toMatch(/^[0-9a-f]{64}$/);
  });
});

describe('answers to idempotency keys', () => {
  it('are kept whole up to a megabyte, and then as the id of their message', () => {
    const key = { id: '3EB0', remoteJid: '1@s.whatsapp.net', fromMe: true };
    const answer = (size: number) => JSON.stringify({ key, status: 'PENDING', message: { base64: 'é'.repeat(size) } });
    expect(keptAnswer(201, answer(500_000)).text).toBe(answer(500_000));
    expect(keptAnswer(201, answer(600_000))).toEqual({ status: 201, text: JSON.stringify({ key, status: 'PENDING' }) });
    expect(keptAnswer(201, JSON.stringify(['x'.repeat(2_000_000)]))).toEqual({ status: 201, text: '{}' });
    expect(keptAnswer(204, undefined)).toEqual({ status: 204, text: '' });
  });

  it('of a send that was made again are what the host would have answered', () => {
    expect(answerOfEnding({ result: { key: { id: '1' } } })).toEqual({ status: 201, text: '{"key":{"id":"1"}}' });
    const round: Record<string, unknown> = { key: { id: '1' } };
    round['self'] = round;
    expect(answerOfEnding({ result: round })).toEqual({ status: 201, text: '{"key":{"id":"1"}}' });
    const body = (status: number, error: string, message: unknown) => {
      return { status, text: JSON.stringify({ status, error, response: { message } }) };
    };
    expect(answerOfEnding({ error: hostError('no such number') })).toEqual(
      body(400, 'Bad Request', ['no such number']),
    );
    expect(answerOfEnding({ error: new Error('boom') })).toEqual(body(500, 'Internal Server Error', 'boom'));
    expect(answerOfEnding({ error: 'boom' })).toEqual(body(500, 'Internal Server Error', 'boom'));
  });

  it('of a send that another process or the next start sees to are still to come', () => {
    for (const code of ['GUARD_SENDS_STOPPING', 'GUARD_SENDS_TAKEN_OVER', 'GUARD_SENDS_NOT_KEPT'] as const) {
      expect(answerOfEnding({ error: asHostError(new GuardError(code, '')) })).toBeUndefined();
    }
    expect(answerOfEnding({ error: new GuardError('GUARD_SENDS_UNKNOWN', '') })).toMatchObject({ status: 409 });
  });

  it('of what the journal knows are those of the first send', () => {
    const send: RequestSend = { sendId: 's', state: 'read', messageId: 'm', error: null, sinceMs: 60_000 };
    const sent = { status: 201, text: '{"key":{"fromMe":true,"id":"m"},"status":"PENDING"}' };
    expect(answerOfSends([send, { ...send, state: 'failed' }])).toEqual(sent);
    expect(answerOfSends([{ ...send, state: 'sending' }])).toBeUndefined();
    expect(answerOfSends([{ ...send, state: 'accepted' }])).toBeUndefined();
    expect(answerOfSends([{ ...send, sinceMs: 4_000 }])).toBeUndefined();
  });
});
