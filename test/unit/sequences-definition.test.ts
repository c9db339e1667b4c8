import { describe, expect, it } from '@jest/globals';
import { sendMistakes } from '../../src/host/host-sends';
import { canonicalChat } from '../../src/sends/canonical-chat';
import { readDefinition } from '../../src/sends/sequences/definition';
import { hashOf, newStepRecords } from '../../src/sends/sequences/step-records';

const checks = {
  chatOf: (_instance: string, number: unknown) => canonicalChat(number),
  sendMistakes,
  urlMistake: (url: string) => (url.startsWith('https://ok.example') ? undefined : 'GUARD_SEQUENCE_URL: not listed'),
};
const text = { send: { route: 'sendText', body: { text: 'hi' } } };
const http = { http: { url: 'https://ok.example/hook?key=secret' } };

const read = (fields: object) =>
  readDefinition({ instance: 'shop', chat: '+55 11 98888-7777', steps: [text], ...fields }, checks);
function mistakesOf(fields: object): string[] {
  const answer = read(fields);
  return 'mistakes' in answer ? answer.mistakes : [];
}
function definitionOf(fields: object) {
  const answer = read(fields);
  if ('mistakes' in answer) throw new Error(answer.mistakes.join());
  return answer.definition;
}

describe('the definition of a sequence', () => {
  it('has defaults for all that need not be said, and the chat under both of its names', () => {
    expect(read({ steps: [text, http, { waitFor: 'read' }, { delayMs: 5 }] })).toEqual({
      chat: '551188887777@s.whatsapp.net',
      definition: {
        instance: 'shop',
        chat: '+55 11 98888-7777',
        priority: 'normal',
        steps: [
          { ...text, retry: { attempts: 1, backoffMs: 1_000 } },
          {
            http: { method: 'POST', headers: {}, timeoutMs: 30_000, ...http.http },
            retry: { attempts: 3, backoffMs: 1_000 },
          },
          { waitFor: 'read', timeoutMs: 60_000, onTimeout: 'fail' },
          { delayMs: 5 },
        ],
      },
    });
  });

  it('with 10,000 steps is refused with one sentence', () => {
    expect(mistakesOf({ steps: Array.from({ length: 10_000 }, () => text) })).toEqual([
      'steps: must have at most 100 steps',
    ]);
    expect(mistakesOf({ steps: Array.from({ length: 100 }, () => text) })).toEqual([]);
  });

  it.each([
    [{ steps: [] }, 'steps: must have at least one step'],
    [{ steps: 'all' }, 'steps: must be a list of steps'],
    [{ steps: [text, { sned: {} }] }, 'steps.1: must be an object with one of send, http, waitFor, delayMs'],
    [{ steps: [null] }, 'steps.0: must be an object with one of send, http, waitFor, delayMs'],
    [{ steps: [{ ...text, ...http }] }, 'steps.0: must be an object with one of send, http, waitFor, delayMs'],
    [{ steps: [{ ...text, dealyMs: 5 }] }, 'steps.0: Unrecognized key: "dealyMs"'],
    [{ steps: [{ delayMs: 86_400_001 }] }, 'steps.0.delayMs: must be a whole number from 0 to 86400000'],
    [{ steps: [{ delayMs: '5' }] }, 'steps.0.delayMs: must be a whole number from 0 to 86400000'],
    [{ steps: [{ waitFor: 'read' }, text] }, 'steps.0.waitFor: there is no send before it'],
    [{ steps: [text, { waitFor: 'seen' }] }, 'steps.1.waitFor: must be server_ack, delivered, read'],
    [{ steps: [{ http: { url: 'https://evil.example' } }] }, 'steps.0.http.url: GUARD_SEQUENCE_URL: not listed'],
    [{ onError: { url: 'https://evil.example' } }, 'onError.url: GUARD_SEQUENCE_URL: not listed'],
    [
      { steps: [{ http: { ...http.http, timeoutMs: 120_001 } }] },
      'steps.0.http.timeoutMs: must be a whole number from 100 to 120000',
    ],
    [{ steps: [{ http: { ...http.http, method: 'GET', body: {} } }] }, 'steps.0.http: GET has no body'],
    [
      { steps: [{ http: { ...http.http, headers: { 'Idempotency-Key': 'x' } } }] },
      'steps.0.http.headers.Idempotency-Key: is set by the request itself',
    ],
    [
      { steps: [{ http: { ...http.http, headers: { 'a b': 'c' } } }] },
      'steps.0.http.headers.a b: must be the name of a header',
    ],
    [
      { steps: [{ http: { ...http.http, headers: { a: 'b\r\nc: d' } } }] },
      'steps.0.http.headers.a: must be text that a header can hold',
    ],
    [{ steps: [{ ...text, retry: { attempts: 11 } }] }, 'steps.0.retry.attempts: must be a whole number from 1 to 10'],
    [{ chat: 'everybody' }, 'chat: must be a number with its country code, or a JID'],
    [{ chat: 5511900000000 }, 'chat: must be text'],
    [{ instance: '' }, 'instance: must not be empty'],
    [{ priority: 'urgent' }, 'priority: must be normal or high'],
    [{ idempotencyKey: 'a b' }, 'idempotencyKey: must be 1 to 200 printable ASCII characters without spaces'],
    [{ loops: true }, 'Unrecognized key: "loops"'],
  ])('%j is refused with the reason', (fields, mistake) => {
    expect(mistakesOf(fields)).toEqual([mistake]);
  });

  it.each([[undefined], [null], ['text'], [[]]])('that is %j is refused', (given) => {
    expect(readDefinition(given, checks)).toHaveProperty('mistakes');
  });

  it('above a mebibyte, or nested without end, is refused before anything looks into it', () => {
    const long = { send: { route: 'sendText', body: { text: 'x'.repeat(2 ** 20) } } };
    expect(mistakesOf({ steps: [long] })).toEqual([expect.stringMatching(/^it has 1048\d+ bytes of JSON, 1048576/)]);
    const deep = JSON.parse(`${'['.repeat(200_000)}${']'.repeat(200_000)}`) as unknown;
    expect(mistakesOf({ steps: [{ http: { ...http.http, body: deep } }] })).toEqual([
      'it is nested more than 100 levels deep',
    ]);
  });

  it('is the same as another one whose fields are in another order, and only then', () => {
    const body = { a: [1, { b: 2, c: undefined }], d: null };
    const [one, other] = [
      { ...http.http, body },
      { body: { d: null, a: [1, { b: 2 }] }, ...http.http },
    ];
    expect(hashOf(definitionOf({ steps: [{ http: one }] }))).toBe(hashOf(definitionOf({ steps: [{ http: other }] })));
    const third = { ...http.http, body: { ...body, a: [{ b: 2 }, 1] } };
    expect(hashOf(definitionOf({ steps: [{ http: third }] }))).not.toBe(
      hashOf(definitionOf({ steps: [{ http: one }] })),
    );
  });

  it('is shown without what is sent, and without the path of a URL', () => {
    const records = newStepRecords(definitionOf({ steps: [text, http, { waitFor: 'read' }, { delayMs: 5 }] }));
    expect(records.map(({ kind, about }) => [kind, about])).toEqual([
      ['send', 'sendText'],
      ['http', 'POST https://ok.example'],
      ['waitFor', 'read'],
      ['delay', '5 ms'],
    ]);
  });
});
