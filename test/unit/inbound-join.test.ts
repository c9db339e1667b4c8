import { setTimeout as later } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { InboundWork } from '../../src/cache/inbound-work';
import { joinInbound } from '../../src/host/inbound-join';
import { message, SHAPES, type Version } from '../helpers/inbound-channel';
import { gate, inboundRig } from '../helpers/inbound-rig';
import { recordingLog } from '../helpers/recording-log';
import { until } from '../helpers/until';

/** A factory that makes this channel. */
function joined(channel: object) {
  const log = recordingLog();
  const controller = { init: (_instanceData: unknown, _parts: unknown): unknown => channel };
  joinInbound(controller, new InboundWork(log), log);
  return { log, init: (integration: string) => controller.init({ integration }, {}) };
}

describe.each(Object.keys(SHAPES) as Version[])('the handlers of EvolutionAPI %s', (version) => {
  it('run once for each message, in order', async () => {
    const { shop } = inboundRig(version);
    const seen: string[] = [];
    shop.before = async (id) => {
      await later(id === 'A' ? 2 : 0);
      seen.push(id);
    };
    await shop.upsert([message('A'), message('B')]);
    expect(seen).toEqual(['A', 'B']);
  });

  it('leave what they set elsewhere to the cache', async () => {
    const { shop, cache } = inboundRig(version);
    const step = gate();
    shop.after = () => step.passed;
    const under = shop.upsert([message('A')]);
    await until(() => shop.told.length > 0);
    expect(await cache.keys()).toEqual(['1@s.whatsapp.net_1700000000_false']);
    step.open();
    await under;
  });

  it('see what they have set of a message before others do', async () => {
    const { shop, seen, cache } = inboundRig(version);
    let within: unknown[] = [];
    shop.before = async () => {
      await seen.set('shop-id_A', 'set', 1);
      within = [await seen.get('shop-id_A'), await seen.has('shop-id_A'), await cache.has('shop-id_A')];
    };
    await shop.upsert([message('A')]);
    expect(within).toEqual(['set', true, false]);
  });

  it('have ended for the timers that they leave behind', async () => {
    const { shop, seen, cache } = inboundRig(version);
    const step = gate();
    const timed = gate();
    shop.emit = () => step.passed;
    shop.after = () => {
      setTimeout(() => void seen.set('shop-id_A', 'of a timer', 1).then(timed.open), 1);
    };
    await shop.upsert([message('A')]);
    await timed.passed;
    expect(cache.values.get('shop-id_A')).toEqual({ text: '"of a timer"', ttl: 1 });
    step.open();
  });

  it('reject an event to whoever waits for it', async () => {
    const { shop } = inboundRig(version);
    shop.emit = () => Promise.reject(new Error('no disk'));
    await expect(shop.sendDataWebhook('messages.upsert', message('A'))).rejects.toThrow('no disk');
    expect(shop.sendDataWebhook.length).toBe(2);
  });
});

describe('channels', () => {
  it('that are not of Baileys stay as they are', () => {
    const { log, init } = joined({ messageHandle: 'its own' });
    expect(init('WHATSAPP-BUSINESS')).toEqual({ messageHandle: 'its own' });
    expect(log.lines).toEqual([]);
  });

  it('of another shape stay as they are, and the log says what is missing', () => {
    const { log, init } = joined({ messageProcessor: { mount: () => undefined } });
    expect(init('WHATSAPP-BAILEYS')).toHaveProperty('messageProcessor');
    expect(log.lines).toMatchObject([
      {
        level: 'error',
        fields: {
          missing: [
            'messageHandle["messages.upsert"]',
            'messageHandle["messages.update"]',
            'messageProcessor.subscription',
            'logger.error',
            'sendDataWebhook',
          ],
        },
      },
    ]);
  });
});
