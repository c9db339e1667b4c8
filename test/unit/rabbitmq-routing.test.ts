import { describe, expect, it } from '@jest/globals';
import { createRabbitmqOutlet, standingRoutes } from '../../src/host/rabbitmq-routing';

const config = {
  ENABLED: true,
  GLOBAL_ENABLED: true,
  EXCHANGE_NAME: 'evolution',
  EVENTS: { SEND_MESSAGE: true, CALL: false },
};
async function routesOf(...[controller, settings]: Parameters<typeof createRabbitmqOutlet>) {
  const route = await createRabbitmqOutlet(controller, settings).routing('shop');
  return (event: string) =>
    route({ event, local: true }).map(({ target, ...rest }) => ({ ...rest, target: JSON.parse(target) as unknown }));
}

const off = { get: () => Promise.resolve(null) };

describe('routing to RabbitMQ', () => {
  it("an instance's own queue is named by the instance and the event with dots", async () => {
    const controller = { get: () => Promise.resolve({ enabled: true, events: ['TYPEBOT_CHANGE_STATUS'] }) };
    const route = await routesOf(controller, { ...config, GLOBAL_ENABLED: false });
    expect(route('typebot.change-status')).toEqual([
      {
        sink: 'rabbitmq',
        receiver: 'rabbitmq',
        target: {
          routes: [
            {
              exchange: 'shop',
              queue: 'shop.typebot.change-status',
              bindingKey: 'typebot.change-status',
              routingKey: 'typebot.change-status',
            },
          ],
        },
      },
    ]);
  });

  it.each([
    [undefined, 'send.message'],
    ['', 'send.message'],
    ['prod', 'prod.send.message'],
  ])('with the prefix %p the global queue is %s', async (PREFIX_KEY, queue) => {
    const prefixed = { ...config, ...(PREFIX_KEY !== undefined && { PREFIX_KEY }) };
    const route = await routesOf(off, prefixed);
    expect(route('send.message')).toMatchObject([{ target: { routes: [{ exchange: 'evolution', queue }] } }]);
    expect(standingRoutes(prefixed)).toMatchObject([{ queue }]);
  });

  it('an event that neither the instance nor the global settings want goes nowhere', async () => {
    const disabled = { get: () => Promise.resolve({ enabled: false, events: ['CALL'] }) };
    expect((await routesOf(disabled, config))('call')).toEqual([]);
  });

  it('settings of a shape that the host does not have are an error, not silence', async () => {
    const strange = { get: () => Promise.resolve({ enabled: 'yes', events: 'all' }) };
    await expect(routesOf(strange, config)).rejects.toThrow();
  });

  it('standing queues of events with a hyphen carry it, which their setting cannot', () => {
    const hyphen = { ...config, EVENTS: { GROUP_PARTICIPANTS_UPDATE: true } };
    expect(standingRoutes(hyphen)).toMatchObject([{ queue: 'group-participants.update' }]);
  });
});
