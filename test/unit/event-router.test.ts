import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { captureEvent } from '../../src/events/captured-event';
import type { Outlet } from '../../src/events/event';
import { EventRouter } from '../../src/events/event-router';
import { sendMessage } from '../helpers/event-rig';

let time = 0;
const clock = { now: () => 1_000, monotonic: () => time };
const toQueue = (queue: string) => () => [{ sink: 'rabbitmq', receiver: 'broker', target: queue }];
const outletTo = (routing: Outlet['routing']): Outlet => ({ name: 'rabbitmq', body: (event) => event, routing });
const eventOf = (outlet: Outlet, instance: string) => captureEvent(sendMessage(1, 'a@g.us', instance), outlet, clock);

describe('routing of captured events', () => {
  let router: EventRouter;

  beforeEach(() => {
    time = 0;
    router = new EventRouter(clock, 1_000_000);
  });
  afterEach(() => void jest.useRealTimers());

  it('the host is asked once for each instance, and again when its answer is a second old', async () => {
    const asked: string[] = [];
    const outlet = outletTo((name) => (asked.push(name), Promise.resolve(toQueue(name))));
    const batch = [eventOf(outlet, 'a'), eventOf(outlet, 'b'), eventOf(outlet, 'a')];
    expect((await router.route(batch)).map(({ target }) => target)).toEqual(['a', 'b', 'a']);
    time = 999;
    await router.route(batch);
    expect(asked).toEqual(['a', 'b']);
    time = 1_000;
    await router.route(batch);
    expect(asked).toEqual(['a', 'b', 'a', 'b']);
  });

  it('while the host cannot say, what it said last of the instance counts', async () => {
    let away = false;
    const outlet = outletTo(() => (away ? Promise.reject(new Error('away')) : Promise.resolve(toQueue('known'))));
    await router.route([eventOf(outlet, 'a')]);
    away = true;
    time = 5_000;
    expect(await router.route([eventOf(outlet, 'a')])).toMatchObject([{ target: 'known' }]);
    await expect(router.route([eventOf(outlet, 'a'), eventOf(outlet, 'never heard of')])).rejects.toThrow('away');
  });

  it('a read of the host that hangs is waited for once, and no second one joins it', async () => {
    jest.useFakeTimers();
    let asked = 0;
    let answer = (_queue: string) => {};
    const outlet = outletTo(() => {
      asked += 1;
      if (asked === 1) return Promise.resolve(toQueue('known'));
      return new Promise((resolve) => (answer = (queue) => resolve(toQueue(queue))));
    });
    const targets = async () => (await router.route([eventOf(outlet, 'a')])).map(({ target }) => target);
    await targets();
    time = 5_000;
    const first = targets();
    await jest.advanceTimersByTimeAsync(5_000);
    expect(await first).toEqual(['known']);
    expect(await targets()).toEqual(['known']);
    expect(asked).toBe(2);
    answer('new');
    await jest.advanceTimersByTimeAsync(0);
    expect(await targets()).toEqual(['new']);
  });

  it('a setting that this process changes counts from the next event on, also while it was being read', async () => {
    let queue = 'old';
    const reads: (() => void)[] = [];
    const outlet = outletTo(async () => {
      const read = toQueue(queue);
      await new Promise<void>((resolve) => reads.push(resolve));
      return read;
    });
    const first = router.route([eventOf(outlet, 'a')]);
    queue = 'new';
    router.changed(outlet, 'a');
    reads.shift()?.();
    expect(await first).toMatchObject([{ target: 'old' }]);
    const second = router.route([eventOf(outlet, 'a')]);
    reads.shift()?.();
    expect(await second).toMatchObject([{ target: 'new' }]);
  });

  it('what an outlet leaves open is filled in for each destination, and the id is the same for all', async () => {
    const body: Outlet['body'] = ({ event }, blank) => ({ event, to: blank });
    const at = (fill: string) => ({ sink: fill, receiver: fill, target: '{}', fill });
    const outlet = { ...outletTo(() => Promise.resolve(() => [at('$&'), at('two')])), body };
    const rows = await router.route([eventOf(outlet, 'a')]);
    expect(rows.map(({ payload }) => payload)).toEqual(
      ['$&', 'two'].map((to) => JSON.stringify({ event: 'send.message', to })),
    );
    expect(rows.map(({ payloadBytes }) => payloadBytes)).toEqual(rows.map(({ payload }) => payload.length));
    expect(new Set(rows.map(({ eventId }) => eventId)).size).toBe(1);
  });
});
