import { describe, expect, it } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import { ReceiverUnavailable, Refused } from '../../src/events/sink';
import { judge, retryAfterMs } from '../../src/events/sinks/webhook-answer';
import { signatureOf, signingKey } from '../../src/events/sinks/webhook-signature';

const NOW = Date.parse('2026-01-01T00:00:00Z');
const judged =
  (status: number, refusals: number[] = [], retryAfter?: string) =>
  () =>
    judge({ status, retryAfter }, 'https://a.example', new Set(refusals), NOW);

describe('the answer to a webhook', () => {
  it.each([200, 201, 202, 204, 299])('%i means that it was taken', (status) => {
    expect(judged(status)).not.toThrow();
  });

  it.each([300, 301, 304, 400, 401, 403, 404, 410, 422, 451])('%i means that it was refused', (status) => {
    expect(judged(status)).toThrow(Refused);
  });

  it.each([408, 425, 429, 500, 502, 503, 504, 599])('%i means to wait', (status) => {
    expect(judged(status)).toThrow(ReceiverUnavailable);
  });

  it('a status that the operator wants no retries after is a refusal', () => {
    expect(judged(500, [500])).toThrow(Refused);
    expect(judged(429, [500])).toThrow(ReceiverUnavailable);
    expect(judged(200, [200])).not.toThrow();
  });

  it('says who answered what, without path or credentials', () => {
    expect(judged(400)).toThrow('https://a.example answered 400.');
  });

  it.each([
    ['120', 120_000],
    ['0', 0],
    ['Thu, 01 Jan 2026 00:00:10 GMT', 10_000],
    ['Wed, 31 Dec 2025 23:59:00 GMT', 0],
    ['86400', 3_600_000],
    ['Fri, 01 Jan 2027 00:00:00 GMT', 3_600_000],
    ['soon', undefined],
    ['', undefined],
    [undefined, undefined],
  ])('Retry-After of %p is a wait of %p ms', (value, expected) => {
    expect(retryAfterMs(value, NOW)).toBe(expected);
  });
});

describe('the signature of a webhook', () => {
  it('is that of the example of the specification', () => {
    const key = signingKey('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw');
    const body = Buffer.from('{"test": 2432232314}');
    const signature = 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=';
    expect(signatureOf([key], 'msg_p5jXN8AQM9LWM0D4loKWxJek', 1614265330, body)).toBe(signature);
  });

  it('is made with each key, so that either verifies', () => {
    const secrets = [3, 4].map((byte) => `whsec_${Buffer.alloc(24, byte).toString('base64')}`);
    const timestamp = Math.floor(Date.now() / 1000);
    const body = '{"text":"é"}';
    const signature = signatureOf(secrets.map(signingKey), 'id', timestamp, Buffer.from(body));
    expect(signature.split(' ')).toHaveLength(2);
    const headers = { 'webhook-id': 'id', 'webhook-timestamp': `${timestamp}`, 'webhook-signature': signature };
    for (const secret of secrets) expect(new Webhook(secret).verify(body, headers)).toEqual({ text: 'é' });
  });
});
