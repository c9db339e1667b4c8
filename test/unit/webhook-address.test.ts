import { describe, expect, it } from '@jest/globals';
import jwt from 'jsonwebtoken';
import { Refused, Undeliverable } from '../../src/events/sink';
import type { InstanceWebhook } from '../../src/host/shapes';
import { webhookConfig } from '../../src/host/shapes';
import { globalAddresses, instanceAddresses } from '../../src/host/webhook-address';
import { webhookToken } from '../../src/host/webhook-token';
import type { PendingRow } from '../../src/stores/outbox-store';

const NOW = 1_790_000_000_500;
const clock = { now: () => NOW };
const target = JSON.stringify({ url: 'https://old.example', byEvents: true });
const row = { instance: 'shop', event: 'group-participants.update', target } as PendingRow;
const webhook: InstanceWebhook = { url: 'https://new.example/hook', enabled: true, webhookByEvents: false };

function addressesOf(known: InstanceWebhook | undefined, exists = true) {
  const current = () => Promise.resolve({ webhook: known, exists });
  return instanceAddresses({ current, last: () => known }, clock);
}

describe('the address of a webhook', () => {
  it('is that of the instance now, not that of the time of the event', async () => {
    const headers = { apikey: 'k' };
    const address = await addressesOf({ ...webhook, headers }).of(row);
    expect(address).toEqual({ url: webhook.url, headers, last: false });
    const byEvents = await addressesOf({ ...webhook, webhookByEvents: true }).of(row);
    expect(byEvents.url).toBe(`${webhook.url}/group-participants-update`);
  });

  it.each([[undefined], [null], ['text']])('headers that are %p are none', async (headers) => {
    expect((await addressesOf({ ...webhook, headers }).of(row)).headers).toEqual({});
  });

  it('of an instance that is gone, is that of the time of the event, with the headers last seen', async () => {
    const known = { ...webhook, headers: { apikey: 'k' } };
    expect(await addressesOf(known, false).of(row)).toEqual({
      url: 'https://old.example/group-participants-update',
      headers: { apikey: 'k' },
      last: true,
    });
    expect(await addressesOf(undefined, false).of(row)).toMatchObject({ headers: {}, last: true });
  });

  it.each([{ enabled: false }, { enabled: null }, { url: 'nowhere' }])('there is none with %p', async (change) => {
    await expect(addressesOf({ ...webhook, ...change }).of(row)).rejects.toThrow(Undeliverable);
  });

  it('its receiver is the URL without the event, as last seen, else as captured', () => {
    expect(addressesOf({ ...webhook, webhookByEvents: true }).receiverOf(row)).toBe(webhook.url);
    expect(addressesOf(undefined).receiverOf(row)).toBe('https://old.example');
    expect(addressesOf(undefined).receiverOf({ ...row, target: 'damaged' })).toBe('damaged');
  });

  it('a target that cannot be read makes a dead letter', async () => {
    await expect(addressesOf(undefined, false).of({ ...row, target: '{}' })).rejects.toThrow(Undeliverable);
  });

  it('the global one is that of the settings now', async () => {
    const config = (change: object) =>
      webhookConfig.parse({
        GLOBAL: { URL: 'https://all.example', ENABLED: true, WEBHOOK_BY_EVENTS: true, ...change },
      });
    expect(await globalAddresses(config({})).of(row)).toEqual({
      url: 'https://all.example/group-participants-update',
      headers: {},
      last: false,
    });
    expect(globalAddresses(config({})).receiverOf(row)).toBe('https://all.example');
    await expect(globalAddresses(config({ ENABLED: false })).of(row)).rejects.toThrow(Undeliverable);
  });
});

describe('the token of a webhook', () => {
  const iat = Math.floor(NOW / 1000);

  it('is the one that the host would make, and takes the place of its key and of another authorization', async () => {
    const headers = { Authorization: 'Basic x', jwt_key: 'kéy', apikey: 'k' };
    const token = jwt.sign({ iat, exp: iat + 600, app: 'evolution', action: 'webhook' }, 'kéy', { algorithm: 'HS256' });
    expect((await addressesOf({ ...webhook, headers }).of(row)).headers).toEqual({
      Authorization: `Bearer ${token}`,
      apikey: 'k',
    });
  });

  it('verifies with its key and no other, for ten minutes', () => {
    const token = webhookToken('key', NOW);
    const at = (seconds: number) => ({ clockTimestamp: iat + seconds });
    expect(jwt.verify(token, 'key', at(599))).toMatchObject({ app: 'evolution', action: 'webhook' });
    expect(() => jwt.verify(token, 'key', at(600))).toThrow('expired');
    expect(() => jwt.verify(token, 'other', at(0))).toThrow('signature');
  });

  it.each([[null], [''], [7]])('a key of %p is a mistake in the settings', async (jwt_key) => {
    const refused = addressesOf({ ...webhook, headers: { jwt_key } }).of(row);
    await expect(refused).rejects.toThrow(Refused);
    await expect(refused).rejects.toMatchObject({ code: 'GUARD_WEBHOOK_SETTINGS' });
  });
});
