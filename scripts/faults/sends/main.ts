import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe } from '../../../src/core/errors';
import { Progress } from '../../host/progress';
import { startRedis } from '../../services';
import { DATABASES, startDatabase, type DatabaseName, type DatabaseServer } from '../database-server';
import { sharesOf } from '../shares';
import { readOptions } from './options';
import { runScenario, type Servers } from './run-scenario';
import type { Scenario } from './scenario';
import { SCENARIOS } from './scenarios';
import { tableOf, type Report } from './table';
import { sum } from './tally';

async function faults(): Promise<number> {
  const { sends, only, stock, json } = readOptions(process.argv.slice(2));
  const progress = new Progress(process.stderr);
  const scenarios = SCENARIOS.filter(({ name }) => only.includes(name));

  progress.say('starting servers for this run alone');
  const redis = await startRedis({ private: true });
  const databases = new Map<DatabaseName, DatabaseServer | Error>();
  for (const name of DATABASES.filter((database) => scenarios.some((scenario) => scenario.database === database))) {
    databases.set(name, await startDatabase(name).catch((error: unknown) => new Error(describe(error))));
  }
  const runnable = scenarios.filter(({ database }) => !(databases.get(database) instanceof Error));
  const shares = sharesOf(
    sends,
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
    reports.push(await report(scenario, share, stock, { database, redis, folder }, progress));
  }

  const total = sum(reports.flatMap((one) => ('outcome' in one ? [one.outcome] : [])));
  const { sent, lost, twice, inverted, open } = total;
  (json ? process.stderr : process.stdout).write(tableOf(reports));
  if (json) {
    process.stdout.write(`${JSON.stringify({ scenarios: reports })}\n`);
    process.stdout.write(`${JSON.stringify({ sent, lost, twice, inverted })}\n`);
  }
  for (const server of [redis, ...databases.values()]) if (!(server instanceof Error)) await server.stop();
  const kept = lost + twice + inverted + open === 0 && !reports.some((one) => 'failed' in one);
  if (kept) rmSync(folder, { recursive: true });
  else progress.say(`what the hosts have written is kept in ${folder}`);
  return kept ? 0 : 1;
}

/** A scenario that fails is told of, and those behind it run all the same. */
async function report(
  scenario: Scenario,
  sends: number,
  stock: boolean,
  servers: Servers,
  progress: Progress,
): Promise<Report> {
  const { name } = scenario;
  progress.say(`${name}: ${sends.toLocaleString('en-US')} sends`);
  const say = (text: string) => progress.say(`  ${text}`);
  try {
    const outcome = await runScenario(scenario, sends, servers, say);
    const { lost, twice, inverted } = outcome;
    say(`${lost} lost, ${twice} twice, ${inverted} inverted`);
    if (!stock || !scenario.alsoStock) return { name, outcome };
    say('the same without the plugin');
    return { name, outcome, stock: await runScenario(scenario, sends, servers, () => undefined, true) };
  } catch (error) {
    say(`failed: ${describe(error)}`);
    await Promise.all([servers.database.restart(), servers.redis.restart()]); // in whatever state they were left
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
