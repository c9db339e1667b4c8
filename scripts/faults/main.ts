import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe } from '../../src/core/errors';
import { Progress } from '../host/progress';
import { startRabbitmq } from '../services';
import { DATABASES, startDatabase, type DatabaseName, type DatabaseServer } from './database-server';
import { readOptions } from './options';
import { runScenario, type Servers } from './run-scenario';
import type { Scenario } from './scenario';
import { SCENARIOS } from './scenarios';
import { sharesOf } from './shares';
import { tableOf, type Report } from './table';
import { sum } from './tally';

/** Below so many events in all, chats are fewer, so that each has some. */
const MANY_EVENTS = 20_000;

async function faults(): Promise<number> {
  const { events, only, json } = readOptions(process.argv.slice(2));
  const progress = new Progress(process.stderr);
  const scenarios = SCENARIOS.filter(({ name }) => only.includes(name));
  const chats = events < MANY_EVENTS ? 20 : 200;

  progress.say('starting servers for this run alone');
  const broker = await startRabbitmq({ private: true });
  const databases = new Map<DatabaseName, DatabaseServer | Error>();
  for (const name of DATABASES.filter((database) => scenarios.some((scenario) => scenario.database === database))) {
    databases.set(name, await startDatabase(name).catch((error: unknown) => new Error(describe(error))));
  }
  const runnable = scenarios.filter(({ database }) => !(databases.get(database) instanceof Error));
  const shares = sharesOf(
    events,
    runnable.map(({ weight }) => weight),
  );
  const folder = mkdtempSync(join(tmpdir(), 'evolution-guard-faults-'));

  const reports: Report[] = [];
  for (const scenario of scenarios) {
    const database = databases.get(scenario.database);
    if (!database || database instanceof Error) {
      reports.push({ name: scenario.name, notRun: describe(database) });
      continue;
    }
    const share = shares[runnable.indexOf(scenario)] ?? 0;
    reports.push(await report(scenario, share, chats, { database, broker, folder }, progress));
  }

  const outcomes = reports.flatMap((one) => ('outcome' in one ? [one.outcome] : []));
  const { sent, lost, duplicated, outOfOrder } = sum(outcomes);
  (json ? process.stderr : process.stdout).write(tableOf(reports));
  if (json) {
    process.stdout.write(`${JSON.stringify({ scenarios: reports })}\n`);
    process.stdout.write(`${JSON.stringify({ sent, lost, duplicated, outOfOrder })}\n`);
  }
  for (const server of [broker, ...databases.values()]) if (!(server instanceof Error)) await server.stop();
  const kept = lost === 0 && outOfOrder === 0 && !reports.some((one) => 'failed' in one);
  if (kept) rmSync(folder, { recursive: true });
  else progress.say(`what the hosts have written is kept in ${folder}`);
  return kept ? 0 : 1;
}

/** A scenario that fails is told of, and those behind it run all the same. */
async function report(
  scenario: Scenario,
  events: number,
  chats: number,
  servers: Servers,
  progress: Progress,
): Promise<Report> {
  const { name } = scenario;
  progress.say(`${name}: ${events.toLocaleString('en-US')} events`);
  try {
    const outcome = await runScenario(scenario, events, chats, servers, (text) => progress.say(`  ${text}`));
    const { lost, duplicated, outOfOrder } = outcome;
    progress.say(`  ${lost} lost, ${duplicated} duplicated, ${outOfOrder} out of order`);
    return { name, outcome };
  } catch (error) {
    progress.say(`  failed: ${describe(error)}`);
    await Promise.all([servers.database.restart(), servers.broker.restart()]); // in whatever state they were left
    return { name, failed: describe(error) };
  }
}

void faults()
  .catch((error: unknown) => {
    console.error(`\nThe run failed: ${describe(error)}`);
    return 1;
  })
  // Servers that a failure left end with this process.
  .then((code) => process.exit(code));
