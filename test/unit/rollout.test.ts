import { describe, expect, it } from '@jest/globals';
import { checkRollout } from '../../src/cli/doctor-rollout';
import { EVERYTHING, ROLLOUT_FEATURES, rollout, type Rollout } from '../../src/core/rollout';
import { readSettings } from '../../src/core/settings';
import { joinRabbitmq } from '../../src/host/events-join';

const names = Array.from({ length: 2_000 }, (_, number) => `instance ${number}`);
const chosen = (rules: Rollout) => names.filter((name) => rules.includes('events', name));

describe('rollout', () => {
  it('a share takes about so many instances, and a larger one all of a smaller one', () => {
    const percents = [0, 1, 10, 25, 50, 99, 100];
    const shares = percents.map((percent) => chosen(rollout.parse(`${percent}%`)));
    shares.forEach(({ length }, index) => {
      expect(Math.abs((length / names.length) * 100 - (percents[index] ?? 0))).toBeLessThan(2.5);
    });
    expect([shares[0]?.length, shares.at(-1)?.length]).toEqual([0, names.length]);
    shares.slice(1).forEach((larger, index) => {
      const held = new Set(larger);
      expect(shares[index]?.filter((name) => !held.has(name))).toEqual([]);
    });
  });

  it('a name is in the same share in every release, and for every feature', () => {
    const share = rollout.parse('40%');
    const known = ['shop', 'support', 'vendas-01', 'loja', 'bot', 'canary-1', 'canary-2', '5511900000000'];
    expect(known.filter((name) => share.includes('events', name))).toEqual(['vendas-01', '5511900000000']);
    for (const feature of ROLLOUT_FEATURES) {
      expect(names.filter((name) => share.includes(feature, name))).toEqual(chosen(share));
    }
  });

  it('a name pattern means just what it says, with * for any characters', () => {
    const included = (rule: string, name: string) => rollout.parse(rule).includes('events', name);
    expect(['shop-', 'shop-1', 'shop-\n'].every((name) => included('shop-*', name))).toBe(true);
    expect(['shop', 'a shop-1'].some((name) => included('shop-*', name))).toBe(false);
    expect(included('*.eu-*', 'a.eu-1') && !included('*.eu-*', 'aXeu-1')).toBe(true);
    expect(included('events=a=b (1)', 'a=b (1)')).toBe(true);
    expect(included('5511900000000', '5511900000000')).toBe(true);
  });

  it('rules of a feature add up, those of none are for the rest, and what no rule names stays stock', () => {
    const rules = rollout.parse('0%, events=shop-*, events=demo, sends=all');
    expect(['shop-1', 'demo', 'other'].map((name) => rules.includes('events', name))).toEqual([true, true, false]);
    expect([rules.isFull('sends'), rules.isFull('events'), rules.includes('webhooks', 'demo')]).toEqual([
      true,
      false,
      false,
    ]);
    expect(rollout.parse('sends=all').includes('events', 'demo')).toBe(false);
    expect(EVERYTHING.isFull('events')).toBe(true);
  });

  it.each([
    ['all', 'all instances'],
    ['25%', '25% of instances'],
    ['events=5%,events=shop-*,events=demo', '5% of instances and instances named shop-*, demo'],
    ['sends=all', 'no instance'],
    ['0%', 'no instance'],
  ])('%s is told as %s', (rules, text) => {
    expect(rollout.parse(rules).describe('events')).toBe(text);
  });

  it('every mistake in the rules is named', () => {
    expect(() => readSettings({ GUARD_ROLLOUT: 'cache=all,25,events=101%,inbound=5%,2.5%,,events=,ok-*' })).toThrow(
      [
        'GUARD_ROLLOUT: "cache=all" cannot be rolled out by instance: the cache is one for the whole process',
        '"25" must be written 25% if it is a percentage',
        '"events=101%" must be a whole percentage from 0% to 100%',
        '"inbound=5%" must begin with events=, webhooks=, sends=, instances= or have no =',
        '"2.5%" must be a whole percentage from 0% to 100%',
        '"" is empty: write 25%, a name with *, or all',
        '"events=" is empty: write 25%, a name with *, or all\n',
      ].join(', '),
    );
  });

  it('doctor tells the rollout, and warns where it leaves no event guarded', () => {
    const found = (environment: Record<string, string>) => checkRollout(readSettings(environment));
    expect(found({})).toEqual([]);
    const text =
      'events for 25% of instances; webhooks for no instance; sends for no instance; instances for no instance';
    expect(found({ GUARD_ROLLOUT: 'events=25%' })).toMatchObject([{ level: 'ok', text }]);
    expect(found({ GUARD_ROLLOUT: 'sends=25%' })).toMatchObject([{ level: 'warning' }]);
  });
});

describe('the RabbitMQ sink of the host, joined', () => {
  class Sink {
    status = true;
    readonly stock: unknown[] = [];
    readonly captured: unknown[] = [];
    init() {
      this.stock.push('init');
      return Promise.resolve();
    }
    emit(event: unknown) {
      this.stock.push(event);
      return Promise.resolve();
    }
    get(_instance: string) {
      return Promise.resolve(null);
    }
    set(_instance: string, _data: unknown) {
      return Promise.resolve(null);
    }
  }

  function joined(rules: Rollout): Sink {
    const sink = new Sink();
    const capture = (event: unknown) => Promise.resolve(void sink.captured.push(event));
    joinRabbitmq(sink, { capture, changed: () => undefined }, rules);
    return sink;
  }

  const of = (instanceName: unknown, integration?: string[]) => ({ instanceName, integration, event: 'call' });

  it('where all are guarded, neither its init nor its emit ever runs', async () => {
    const sink = joined(EVERYTHING);
    const events = [of('shop'), of(undefined), null];
    await sink.init();
    for (const event of events) await sink.emit(event);
    expect([sink.stock, sink.captured]).toEqual([[], events]);
  });

  it('where some are not, its init runs and it gets their events, and those of no instance', async () => {
    const sink = joined(rollout.parse('events=shop-*'));
    const rest = [of('other'), of(undefined), null, of('other', ['webhook'])];
    await sink.init();
    for (const event of [of('shop-1'), of('shop-1', ['webhook']), ...rest]) await sink.emit(event);
    expect([sink.stock, sink.captured]).toEqual([['init', ...rest], [of('shop-1')]]);
  });
});
