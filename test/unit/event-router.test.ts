import { describe, expect, it } from '@jest/globals';
import { captureEvent } from '../../src/events/captured-event';
import { EventRouter } from '../../src/events/event-router';
import { sendMessage } from '../helpers/event-rig';

const clock = { now: () => 1_000, monotonic: () => 0 };
const eventOf = (instance: string) => captureEvent(sendMessage(1, 'a@g.us', instance), clock);
const toQueue = (queue: string) => () => [{ sink: 'rabbitmq', target: { queue } }];

describe('routing of captured events', () => {
  it('the host is asked once for each instance of a batch', async () => {
    const asked: string[] = [];
    const router = new EventRouter((name) => (asked.push(name), Promise.resolve(toQueue(name))), 1_000_000);
    const rows = await router.route([eventOf('a'), eventOf('b'), eventOf('a')]);
    expect(asked).toEqual(['a', 'b']);
    expect(rows.map(({ target }) => target)).toEqual([{ queue: 'a' }, { queue: 'b' }, { queue: 'a' }]);
  });

  it('while the host cannot say, what it said last of the instance counts', async () => {
    let away = false;
    const routing = () => (away ? Promise.reject(new Error('away')) : Promise.resolve(toQueue('known')));
    const router = new EventRouter(routing, 1_000_000);
    await router.route([eventOf('a')]);
    away = true;
    expect(await router.route([eventOf('a')])).toMatchObject([{ target: { queue: 'known' } }]);
    await expect(router.route([eventOf('a'), eventOf('never heard of')])).rejects.toThrow('away');
  });

  it('a setting that changes counts from the next batch on', async () => {
    let queue = 'old';
    const router = new EventRouter(() => Promise.resolve(toQueue(queue)), 1_000_000);
    await router.route([eventOf('a')]);
    queue = 'new';
    expect(await router.route([eventOf('a')])).toMatchObject([{ target: { queue: 'new' } }]);
  });
});
