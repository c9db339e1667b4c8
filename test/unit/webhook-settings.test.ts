import { beforeEach, describe, expect, it } from '@jest/globals';
import { readSettings } from '../../src/core/settings';
import { WebhookSettings } from '../../src/host/webhook-settings';

const row = { url: 'https://a.example', enabled: true, events: [], webhookByEvents: null };
const known = { ...row, webhookByEvents: false };

describe('the webhooks of instances as they are now', () => {
  let time: number;
  let asked: number;
  let answer: () => Promise<unknown>;
  let moved: string[];
  let settings: WebhookSettings;

  beforeEach(() => {
    [time, asked, moved] = [0, 0, []];
    answer = () => Promise.resolve(row);
    const find = () => ((asked += 1), answer());
    const clock = { now: () => 0, monotonic: () => time };
    settings = new WebhookSettings(find, clock, (name) => moved.push(name));
  });

  it('are asked for once a second, however many want to know', async () => {
    const answers = await Promise.all([settings.current('shop'), settings.current('shop')]);
    expect(answers).toMatchObject([
      { exists: true, webhook: known },
      { exists: true, webhook: known },
    ]);
    time = 999;
    await settings.current('shop');
    expect(asked).toBe(1);
    time = 1_000;
    await settings.current('shop');
    expect(asked).toBe(2);
  });

  it('are known from what was read for another reason', async () => {
    settings.learn('shop', { ...known, url: 'https://b.example' });
    expect((await settings.current('shop')).webhook?.url).toBe('https://b.example');
    expect([asked, settings.last('shop')?.url, settings.last('other')]).toEqual([0, 'https://b.example', undefined]);
  });

  it('a change in this process is followed at once, and told where the URL is another one', async () => {
    await settings.current('shop');
    answer = () => Promise.resolve({ ...row, url: 'https://b.example' });
    settings.changed('shop');
    expect((await settings.current('shop')).webhook?.url).toBe('https://b.example');
    expect(moved).toEqual(['shop']);
    settings.changed('shop');
    await settings.current('shop');
    expect(moved).toEqual(['shop']);
  });

  it('what was read while a setting changed does not count as fresh', async () => {
    const reading = settings.current('shop');
    settings.changed('other');
    await reading;
    await settings.current('shop');
    expect(asked).toBe(2);
  });

  it('a webhook that is gone is told, and its last form kept', async () => {
    await settings.current('shop');
    answer = () => Promise.resolve(null);
    time = 1_000;
    expect(await settings.current('shop')).toMatchObject({ exists: false, webhook: known });
    expect(await settings.current('never')).toMatchObject({ exists: false, webhook: undefined });
  });

  it('while the database of the host fails, what it said last counts; where it never said anything, it is an error', async () => {
    await settings.current('shop');
    answer = () => Promise.reject(new Error('down'));
    time = 1_000;
    expect(await settings.current('shop')).toMatchObject({ exists: true, webhook: known });
    expect(await settings.current('shop')).toMatchObject({ exists: true, webhook: known });
    expect(asked).toBe(2);
    await expect(settings.current('other')).rejects.toThrow('down');
  });

  it('of more instances than are remembered, those heard of longest ago are asked for anew', async () => {
    for (let number = 0; number <= 10_000; number += 1) settings.learn(`${number}`, known);
    expect([settings.last('0'), settings.last('1')?.url]).toEqual([undefined, row.url]);
    await settings.current('0');
    expect(asked).toBe(1);
  });
});

describe('the settings of webhooks', () => {
  const whsec = (bytes: number) => `whsec_${Buffer.alloc(bytes, 1).toString('base64')}`;
  const read = (GUARD_WEBHOOK_SECRET: string) => readSettings({ GUARD_WEBHOOK_SECRET }).webhookSecrets;

  it('several secrets are separated by commas or spaces', () => {
    expect(read(`${whsec(24)}, ${whsec(64)} ${whsec(32)}`)).toEqual([whsec(24), whsec(64), whsec(32)]);
  });

  it.each([whsec(23), whsec(65), 'secret', whsec(32).slice(6), `${whsec(32)},whsec_`, ','])(
    'a secret such as %s is a mistake',
    (secret) => {
      expect(() => read(secret)).toThrow('GUARD_WEBHOOK_SECRET: must be whsec_');
    },
  );

  it('the host’s time limit serves where there is no own one', () => {
    expect(readSettings({ WEBHOOK_REQUEST_TIMEOUT_MS: '5000' }).webhookTimeoutMs).toBe(5_000);
    expect(readSettings({}).webhookTimeoutMs).toBe(30_000);
  });
});
