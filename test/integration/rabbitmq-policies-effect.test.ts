import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { GetMessage } from 'amqplib';
import { setTimeout as sleep } from 'node:timers/promises';
import { readSettings, type Settings } from '../../src/core/settings';
import { HOST_QUEUE_PATTERN } from '../../src/host/queue-pattern';
import { wantedDefinitions } from '../../src/stores/rabbitmq/definitions';
import { createManagement, managementAddress } from '../../src/stores/rabbitmq/management';
import { applyPolicies, planPolicies } from '../../src/stores/rabbitmq/policy-plan';
import { startRig } from '../helpers/event-rig';
import { createManagedVhost, type ManagedVhost } from '../helpers/managed-vhost';
import { assess, readQueues } from '../helpers/queue-reader';
import { createDatabase, startManagedRabbitmq, type ManagedRabbitmq } from '../helpers/services';

const QUEUE = 'shop.send.message';
const PARKED = 'parked';

describe('a policy on the queues of the host', () => {
  let broker: ManagedRabbitmq;
  const vhosts: ManagedVhost[] = [];

  beforeAll(async () => {
    broker = await startManagedRabbitmq();
  });

  afterAll(async () => {
    for (const vhost of vhosts) await vhost.close();
    await broker.stop();
  });

  async function vhostWith(variables: Record<string, string>): Promise<ManagedVhost> {
    const vhost = await createManagedVhost(broker, `effect-${vhosts.length}`);
    vhosts.push(vhost);
    await vhost.declare(QUEUE);
    const settings = readSettings({ ...vhost.environment, ...variables }) as Settings & { rabbitmqUri: string };
    const wanted = wantedDefinitions(settings, HOST_QUEUE_PATTERN);
    const management = createManagement(managementAddress(settings));
    await applyPolicies(management, wanted, await planPolicies(management, wanted, HOST_QUEUE_PATTERN));
    return vhost;
  }

  it('a message that nobody took expires to the queue of dead letters, as it was', async () => {
    const vhost = await vhostWith({
      GUARD_RABBITMQ_MESSAGE_TTL_SECONDS: '1',
      GUARD_RABBITMQ_DEAD_LETTER_EXCHANGE: PARKED,
    });
    await vhost.publish(QUEUE, 'unread');
    await vhost.untilCount(PARKED, 1);
    expect(await vhost.count(QUEUE)).toBe(0);
    const message = (await vhost.channel.get(PARKED)) as GetMessage;
    expect(message.content.toString()).toBe('unread');
    expect(message.properties).toMatchObject({
      messageId: 'unread',
      headers: { 'x-first-death-queue': QUEUE, 'x-first-death-reason': 'expired' },
    });
  });

  it('a full queue that refuses makes its events wait in the outbox, and none is lost', async () => {
    const vhost = await vhostWith({ GUARD_RABBITMQ_MAX_LENGTH: '5' });
    const brokerUrl = vhost.environment.RABBITMQ_URI ?? '';
    const rig = await startRig({ databaseUrl: await createDatabase(), brokerUrl });
    const EVENTS = 40;
    for (let number = 0; number < EVENTS; number += 1) await rig.emit(number, `${number}@g.us`);
    const refusals = async () => (await rig.metrics.deliveryFailures.get()).values[0]?.value ?? 0;
    while ((await refusals()) === 0) await sleep(20);
    expect((await rig.database.outbox.backlog()).pending).toBeGreaterThan(0);
    expect(await vhost.publish(QUEUE, 'one too many')).toBe(false);

    const reader = await readQueues(brokerUrl, [QUEUE]);
    await reader.until((received) => received.length >= EVENTS);
    await reader.close();
    await rig.stop();
    expect(assess(EVENTS, reader.received)).toMatchObject({ lost: 0, duplicated: 0 });
  });

  it('a full queue that drops parks its oldest, and the queue of dead letters keeps to its own limit', async () => {
    const vhost = await vhostWith({
      GUARD_RABBITMQ_MAX_LENGTH: '2',
      GUARD_RABBITMQ_OVERFLOW: 'drop-head',
      GUARD_RABBITMQ_DEAD_LETTER_EXCHANGE: PARKED,
      GUARD_RABBITMQ_DEAD_LETTER_MAX_BYTES: '1024',
    });
    const texts = ['1', '2', '3', '4', '5', '6', '7', '8', '9'].map((word) => word.padEnd(200, '.'));
    for (const text of texts) expect(await vhost.publish(QUEUE, text)).toBe(true);
    await vhost.untilCount(QUEUE, 2);
    await vhost.untilCount(PARKED, 5);
    const [kept, parked] = [await drain(vhost, QUEUE), await drain(vhost, PARKED)];
    expect(kept).toEqual(texts.slice(7));
    expect(parked).toEqual(texts.slice(2, 7)); // 1,000 of 1,024 bytes
  });
});

async function drain({ channel }: ManagedVhost, queue: string): Promise<string[]> {
  const texts: string[] = [];
  for (;;) {
    const message = await channel.get(queue, { noAck: true });
    if (!message) return texts;
    texts.push(message.content.toString());
  }
}
