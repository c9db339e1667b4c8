import { describe, expect, it } from '@jest/globals';
import { readSettings } from '../../src/core/settings';
import { HOST_QUEUE_PATTERN } from '../../src/host/queue-pattern';
import { standingRoutes } from '../../src/host/rabbitmq-routing';
import { wantedDefinitions } from '../../src/stores/rabbitmq/definitions';
import { managementAddress } from '../../src/stores/rabbitmq/management';

const matches = (name: string) => new RegExp(HOST_QUEUE_PATTERN).test(name);
const wantedBy = (environment: Record<string, string>) =>
  wantedDefinitions(readSettings(environment), HOST_QUEUE_PATTERN);

/** Keys of RABBITMQ_EVENTS_ in 2.3.7, src/config/env.config.ts. */
const EVENT_KEYS = (
  'APPLICATION_STARTUP INSTANCE_CREATE INSTANCE_DELETE QRCODE_UPDATED MESSAGES_SET MESSAGES_UPSERT MESSAGES_EDITED ' +
  'MESSAGES_UPDATE MESSAGES_DELETE SEND_MESSAGE SEND_MESSAGE_UPDATE CONTACTS_SET CONTACTS_UPDATE CONTACTS_UPSERT ' +
  'PRESENCE_UPDATE CHATS_SET CHATS_UPDATE CHATS_UPSERT CHATS_DELETE CONNECTION_UPDATE LABELS_EDIT LABELS_ASSOCIATION ' +
  'GROUPS_UPSERT GROUP_UPDATE GROUP_PARTICIPANTS_UPDATE CALL TYPEBOT_START TYPEBOT_CHANGE_STATUS'
).split(' ');

describe('policies for RabbitMQ', () => {
  it.each(EVENT_KEYS)('the pattern takes in every queue of %s', (key) => {
    const config = { ENABLED: true, GLOBAL_ENABLED: true, EXCHANGE_NAME: 'evolution', EVENTS: { [key]: true } };
    const [plain, prefixed] = [config, { ...config, PREFIX_KEY: 'wa.1' }].map((each) => standingRoutes(each)[0]?.queue);
    const stock = key.replaceAll('_', '.').toLowerCase();
    const names = [plain, prefixed, `my shop (1).${plain}`, `undefined.${stock}`];
    expect(names.filter((name) => !matches(name ?? ''))).toEqual([]);
  });

  it.each(['orders', 'recall', 'send.messages', 'send.message.retry', 'evolution.dead-letters'])(
    'the pattern leaves %s alone',
    (name) => expect(matches(name)).toBe(false),
  );

  it('no setting means no policy, and neither does one that only says how', () => {
    expect(wantedBy({})).toEqual({ policies: [] });
    expect(wantedBy({ GUARD_RABBITMQ_OVERFLOW: 'drop-head' })).toEqual({ policies: [] });
  });

  it('dead letters pass with confirmation only where full queues refuse, as RabbitMQ has it', () => {
    const strategyFor = (overflow: string) => {
      const deadLetters = { GUARD_RABBITMQ_DEAD_LETTER_EXCHANGE: 'parked' };
      return wantedBy({ ...deadLetters, GUARD_RABBITMQ_OVERFLOW: overflow }).policies[0]?.definition;
    };
    expect(strategyFor('')).toMatchObject({ 'dead-letter-strategy': 'at-least-once', overflow: 'reject-publish' });
    expect(strategyFor('drop-head')).toMatchObject({ 'dead-letter-strategy': 'at-most-once', overflow: 'drop-head' });
  });

  it('dead letters must not go to a name that the policy itself takes in', () => {
    expect(() => wantedBy({ GUARD_RABBITMQ_DEAD_LETTER_EXCHANGE: 'lost.call' })).toThrow(
      /GUARD_SETTINGS_INVALID.*lost/s,
    );
  });

  it.each([
    ['amqp://h', undefined, { url: 'http://h:15672', username: 'guest', password: 'guest', vhost: '/' }],
    ['amqps://u:p%40@h:5999/v%2Fw', undefined, { url: 'https://h:15671', username: 'u', password: 'p@', vhost: 'v/w' }],
    ['amqp://u:p@h', 'http://m:81/rabbit/', { url: 'http://m:81/rabbit', username: 'u', password: 'p', vhost: '/' }],
    ['amqp://u:p@h', 'https://a:b@m', { url: 'https://m', username: 'a', password: 'b', vhost: '/' }],
  ])('the management API of %s with %j is found', (rabbitmqUri, rabbitmqManagementUrl, expected) => {
    expect(managementAddress({ rabbitmqUri, rabbitmqManagementUrl, rabbitmqFrameMax: 8192 })).toEqual(expected);
  });
});
