import { describe, expect, it } from '@jest/globals';
import type { HostEvent } from '../../src/events/event';
import { webhookConfig, type InstanceWebhook } from '../../src/host/shapes';
import { createWebhookOutlet } from '../../src/host/webhook-routing';

const row = { url: 'https://shop.example/hook', enabled: true, events: ['SEND_MESSAGE'], webhookByEvents: false };
const GLOBAL = { URL: 'https://all.example', ENABLED: true, WEBHOOK_BY_EVENTS: false };

function outletOf(own: unknown, GLOBAL?: object) {
  const learnt: [string, InstanceWebhook][] = [];
  const config = webhookConfig.parse({ GLOBAL, EVENTS: { SEND_MESSAGE: true, CALL: false } });
  const settings = { learn: (name: string, webhook: InstanceWebhook) => void learnt.push([name, webhook]) };
  return { learnt, outlet: createWebhookOutlet({ get: () => Promise.resolve(own) }, config, settings) };
}

async function destinationsOf(own: unknown, global?: object, event = 'send.message', local = true) {
  const route = await outletOf(own, global).outlet.routing('shop');
  return route({ event, local });
}

const sinksOf = async (...args: Parameters<typeof destinationsOf>) =>
  (await destinationsOf(...args)).map(({ sink }) => sink);

describe('routing to webhooks', () => {
  it('the webhook of the instance and the global one are two deliveries of one event', async () => {
    const target = JSON.stringify({ url: row.url, byEvents: false });
    expect(await destinationsOf(row, GLOBAL)).toEqual([
      { sink: 'webhook', receiver: 'shop', target, fill: row.url },
      { sink: 'webhook-global', receiver: 'webhook-global', target: '{}', fill: row.url },
    ]);
  });

  it.each([
    ['it is switched off', { ...row, enabled: false }],
    ['it does not want the event', { ...row, events: ['CALL'] }],
    ['its list of events is none', { ...row, events: null }],
    ['its URL is not of HTTP', { ...row, url: 'ftp://shop.example' }],
    ['there is none', null],
  ])('the webhook of the instance gets nothing where %s', async (_, own) => {
    expect(await sinksOf(own, GLOBAL)).toEqual(['webhook-global']);
  });

  it('an event that is not local is none of the instance’s webhook', async () => {
    expect(await sinksOf(row, GLOBAL, 'send.message', false)).toEqual(['webhook-global']);
  });

  it.each([
    ['is off', { ...GLOBAL, ENABLED: false }, 'send.message'],
    ['does not want the event', GLOBAL, 'call'],
    ['has no URL of HTTP', { ...GLOBAL, URL: 'all.example' }, 'send.message'],
    ['is unknown to the host', undefined, 'send.message'],
  ])('the global webhook gets nothing where it %s', async (_, global, event) => {
    expect(await sinksOf({ ...row, events: ['SEND_MESSAGE', 'CALL'] }, global, event)).toEqual(['webhook']);
  });

  it('an event with a hyphen is named as in settings', async () => {
    const wants = { ...row, events: ['GROUP_PARTICIPANTS_UPDATE'] };
    expect(await sinksOf(wants, undefined, 'group-participants.update')).toEqual(['webhook']);
  });

  it('the text names the URL of the instance, on or off, else the global one with the event', async () => {
    const [off] = await destinationsOf({ ...row, enabled: false }, GLOBAL);
    const [none] = await destinationsOf(null, GLOBAL, 'send.message');
    expect([off?.fill, none?.fill]).toEqual([row.url, 'https://all.example/send-message']);
  });

  it('no secret goes into what the outbox keeps', async () => {
    const secrets = { ...row, headers: { Authorization: 'secret', jwt_key: 'secret' } };
    expect(JSON.stringify(await destinationsOf(secrets, GLOBAL))).not.toContain('secret');
  });

  it('what was read on the way is known to who delivers', async () => {
    const { outlet, learnt } = outletOf(row);
    await outlet.routing('shop');
    expect(learnt).toMatchObject([['shop', { url: row.url }]]);
  });

  it('a row of a shape that the host does not have is an error, not silence', async () => {
    await expect(destinationsOf({ ...row, url: 7 })).rejects.toThrow();
  });

  it('the text has the keys of the host, in its order, and those of extra before them', () => {
    const event = {
      instanceName: 'shop',
      event: 'call',
      data: { id: 1 },
      extra: { sender: 'x', more: 1 },
      sender: 'me',
    };
    const { outlet } = outletOf(null);
    expect(JSON.stringify(outlet.body(event as unknown as HostEvent, 'blank'))).toBe(
      '{"sender":"me","more":1,"event":"call","instance":"shop","data":{"id":1},"destination":"blank"}',
    );
  });
});
