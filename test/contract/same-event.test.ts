import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Backends } from '../../scripts/host/environment';
import type { RunningHost } from '../../scripts/host/running-host';
import { createBackends, createInstance, declareSends, program, readSends, startHost } from './host-under-test';

/** Keys in their order, with the kind of value that each holds. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shapeOf);
  if (typeof value !== 'object' || value === null) return value === null ? 'null' : typeof value;
  return Object.entries(value).map(([key, inner]) => [key, shapeOf(inner)]);
}

describe(`${program.name}, an event of both`, () => {
  let backends: Backends;
  const hosts: RunningHost[] = [];

  beforeAll(async () => {
    backends = await createBackends();
  });

  afterAll(() => Promise.all(hosts.map((host) => host.stop())));

  async function eventOf(guarded: boolean): Promise<object> {
    const host = await startHost({ ...backends, guarded });
    hosts.push(host);
    const instance = await createInstance(host, guarded ? 'guarded' : 'stock');
    await declareSends(backends.brokerUrl, instance); // without it the stock host loses the first event
    const reader = await readSends(backends.brokerUrl, instance);
    await host.sendText(instance, '5511988887777', 'compare me');
    await reader.until((received) => received.length > 0);
    await reader.close();
    return reader.received[0]?.body ?? {};
  }

  it('the JSON of the guarded host has the keys of the stock one, in the same order', async () => {
    const stock = await eventOf(false);
    const guarded = await eventOf(true);
    expect(shapeOf(guarded)).toEqual(shapeOf(stock));
    expect(Object.keys(guarded).slice(0, 3)).toEqual(['event', 'instance', 'data']);
  });
});
