import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { createDatabase, createTables } from '../host/database';
import type { HostProgram } from '../host/program';
import type { Progress } from '../host/progress';
import { RunningHost } from '../host/running-host';
import { freePort } from '../services/free-port';
import { breakBroker, type BreakableBroker, type Outage } from './outage';
import { SendsQueue } from './queue';
import { tally, type Accepted, type Figures } from './tally';
import { sendAll, SENDS } from './traffic';
import { WebhookReceiver } from './webhook-receiver';

export interface Stage {
  postgresUrl: string;
  cacheUrl: string | undefined;
  /** Undefined where there is none to be had: then webhooks show that the rest works. */
  broker: BreakableBroker | undefined;
  outage: Outage;
  progress: Progress;
}

/** What a trial without a broker tells besides. */
export interface WithoutBroker {
  /** RabbitMQ events that wait in the outbox. */
  held: number;
  /** Sends whose webhook arrived. */
  webhooks: number;
}

export type Outcome = Figures & Partial<WithoutBroker>;

export interface Trial {
  host: RunningHost;
  outcome: Outcome;
  /** Ends the host and takes away what it has left. */
  end(): Promise<void>;
}

const BREAK_AT = 50;
const QUIET_MS = 2_000;
const SETTLE_MS = 45_000;
const EVENTS = ['SEND_MESSAGE'];

/** Sends the traffic through one host, breaks the broker in the middle, and counts what came out of the queue. */
export async function runTrial(program: HostProgram, guarded: boolean, stage: Stage): Promise<Trial> {
  const { broker, outage, progress } = stage;
  const name = guarded ? 'guarded' : 'stock';
  progress.say(`${name}: starting ${program.name}`);
  const host = await startHost(program, guarded, stage);
  const instance = `demo-${name}-${randomUUID().slice(0, 8)}`;
  const queue = broker && new SendsQueue(broker.url, instance);
  const webhooks = broker ? undefined : await WebhookReceiver.start();
  await host.createInstance(instance, {
    rabbitmq: EVENTS,
    ...(webhooks && { webhook: { url: webhooks.url, events: EVENTS } }),
  });

  if (broker && !guarded) progress.say(`${name}: its queue is new, of which it loses the first events even in peace`);
  progress.say(`${name}: ${SENDS} sends, one each 100 ms${broker ? `; the broker goes at send ${BREAK_AT}` : ''}`);
  let outageOver = Promise.resolve();
  const accepted = await sendAll(host, instance, (send) => {
    if (broker && send === BREAK_AT) outageOver = breakBroker(broker, outage, progress);
  });
  await outageOver;
  progress.say(`${name}: all ${accepted.length} accepted; waiting until nothing more arrives`);
  const outcome = await settle(accepted, guarded ? host : undefined, queue, webhooks);
  progress.say(`${name}: ${outcome.delivered} delivered, ${outcome.lost} lost`);

  const end = async () => {
    await host.stop();
    await queue?.remove();
    webhooks?.stop();
  };
  return { host, outcome, end };
}

async function startHost(program: HostProgram, guarded: boolean, stage: Stage): Promise<RunningHost> {
  const { postgresUrl, cacheUrl, broker } = stage;
  const databaseUrl = await createDatabase(postgresUrl, `demo_${randomUUID().replaceAll('-', '')}`);
  await createTables(program, databaseUrl);
  const brokerUrl = broker?.url ?? `amqp://127.0.0.1:${await freePort()}`;
  return RunningHost.start(program, { databaseUrl, brokerUrl, cacheUrl, guarded });
}

/** Reads until nothing has changed for a while and, where there is a broker, the outbox holds nothing back. */
async function settle(
  accepted: readonly Accepted[],
  guardedHost: RunningHost | undefined,
  queue: SendsQueue | undefined,
  webhooks: WebhookReceiver | undefined,
): Promise<Outcome> {
  const deadline = Date.now() + SETTLE_MS;
  const seen: string[] = [];
  let held = 0;
  let before = '';
  for (let quietSince = Date.now(); Date.now() < deadline; await sleep(250)) {
    held = (await guardedHost?.health())?.outbox?.pending ?? 0;
    seen.push(...((await queue?.drain()) ?? []));
    const now = [seen.length, held, webhooks?.ids.length].join();
    if (now !== before || (queue && held > 0)) quietSince = Date.now();
    else if (Date.now() - quietSince > QUIET_MS) break;
    before = now;
  }
  const figures = tally(accepted, seen);
  if (!webhooks) return figures;
  return { ...figures, lost: figures.lost - held, held, webhooks: tally(accepted, webhooks.ids).delivered };
}
