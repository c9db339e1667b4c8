import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { createDatabase, createTables } from '../host/database';
import type { HostProgram } from '../host/program';
import { RunningHost } from '../host/running-host';
import type { RunningRabbitmq } from '../services';
import { breakBroker, type Outage } from './outage';
import type { Progress } from '../host/progress';
import { drainQueue } from './queue';
import { tally, type Accepted, type Figures } from './tally';
import { sendAll, SENDS } from './traffic';

export interface Stage {
  postgresUrl: string;
  cacheUrl: string | undefined;
  broker: RunningRabbitmq;
  outage: Outage;
  progress: Progress;
}

export interface Trial {
  host: RunningHost;
  figures: Figures;
}

const BREAK_AT = 50;
const QUIET_MS = 2_000;
const SETTLE_MS = 45_000;

/** Sends the traffic through one host, breaks the broker in the middle, and counts what came out of the queue. */
export async function runTrial(program: HostProgram, guarded: boolean, stage: Stage): Promise<Trial> {
  const { broker, outage, progress } = stage;
  const name = guarded ? 'guarded' : 'stock';
  progress.say(`${name}: starting ${program.name}`);
  const host = await startHost(program, guarded, stage);
  const instance = `demo-${name}-${randomUUID().slice(0, 8)}`;
  await host.createInstance(instance, { rabbitmq: ['SEND_MESSAGE'] });

  progress.say(`${name}: ${SENDS} sends, one each 100 ms; the broker goes at send ${BREAK_AT}`);
  let outageOver = Promise.resolve();
  const accepted = await sendAll(host, instance, (send) => {
    if (send === BREAK_AT) outageOver = breakBroker(broker, outage, progress);
  });
  await outageOver;
  progress.say(`${name}: all ${accepted.length} accepted; waiting until nothing more arrives`);
  const figures = await settle(host, guarded, broker.url, `${instance}.send.message`, accepted);
  progress.say(`${name}: ${figures.delivered} delivered, ${figures.lost} lost`);
  return { host, figures };
}

async function startHost(program: HostProgram, guarded: boolean, stage: Stage): Promise<RunningHost> {
  const { postgresUrl, cacheUrl, broker } = stage;
  const databaseUrl = await createDatabase(postgresUrl, `demo_${randomUUID().replaceAll('-', '')}`);
  await createTables(program, databaseUrl);
  return RunningHost.start(program, { databaseUrl, brokerUrl: broker.url, cacheUrl, guarded });
}

/** Reads until the host holds nothing back and nothing has arrived for a while. */
async function settle(
  host: RunningHost,
  guarded: boolean,
  brokerUrl: string,
  queue: string,
  accepted: readonly Accepted[],
): Promise<Figures> {
  const deadline = Date.now() + SETTLE_MS;
  const seen: string[] = [];
  let held = 0;
  for (let quietSince = Date.now(); Date.now() < deadline; await sleep(250)) {
    held = guarded ? await pendingIn(host) : 0;
    const arrived = await drainQueue(brokerUrl, queue);
    seen.push(...arrived);
    if (arrived.length > 0 || held > 0) quietSince = Date.now();
    else if (Date.now() - quietSince > QUIET_MS) break;
  }
  return tally(accepted, seen, held);
}

async function pendingIn(host: RunningHost): Promise<number> {
  return (await host.health()).outbox?.pending ?? 0;
}
