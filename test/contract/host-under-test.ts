import { connect } from 'amqplib';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Backends } from '../../scripts/host/environment';
import { createTables } from '../../scripts/host/database';
import { REFERENCE_HOST, type HostProgram } from '../../scripts/host/program';
import { RunningHost, type StartHostOptions } from '../../scripts/host/running-host';
import { readQueues, type QueueReader } from '../helpers/queue-reader';
import { createDatabase, createVhost, sharedRedis } from '../helpers/services';

/** A patched EvolutionAPI where `npm run test:host` names one, else our stand-in. */
export const program: HostProgram = process.env['CONTRACT_HOST']
  ? (JSON.parse(process.env['CONTRACT_HOST']) as HostProgram)
  : REFERENCE_HOST;

/** An empty database with the host's tables, and a virtual host of its own. */
export async function createBackends(): Promise<Backends> {
  const databaseUrl = await createDatabase();
  await createTables(program, databaseUrl);
  return {
    databaseUrl,
    brokerUrl: await createVhost(),
    ...(program.caches && { cacheUrl: await sharedRedis() }),
  };
}

export const startHost = (options: StartHostOptions) => RunningHost.start(program, options);

/** A name that no other run uses, as brokers may be shared. */
export const newName = (word: string) => `${word}-${randomUUID().slice(0, 8)}`;

/** An instance whose sends go to RabbitMQ. */
export async function createInstance(host: RunningHost, word: string): Promise<string> {
  const name = newName(word);
  await host.createInstance(name, { rabbitmq: ['SEND_MESSAGE'] });
  return name;
}

export const queueOf = (instance: string) => `${instance}.send.message`;

export const readSends = (brokerUrl: string, instance: string): Promise<QueueReader> =>
  readQueues(brokerUrl, [queueOf(instance)]);

/** As a consumer may have done before the first event. */
export async function declareSends(brokerUrl: string, instance: string): Promise<void> {
  const connection = await connect(brokerUrl);
  const channel = await connection.createChannel();
  await channel.assertExchange(instance, 'topic', { durable: true, autoDelete: false });
  await channel.assertQueue(queueOf(instance), { durable: true, arguments: { 'x-queue-type': 'quorum' } });
  await channel.bindQueue(queueOf(instance), instance, 'send.message');
  await connection.close();
}

/** Ids of the messages that events tell of, in their order. */
export const messageIds = ({ received }: QueueReader): string[] =>
  received.map(({ body }) => (body.data['key'] as { id: string }).id);

/** For what can only be asked for. */
export async function eventually(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(20);
}
