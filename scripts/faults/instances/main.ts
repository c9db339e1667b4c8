import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe } from '../../../src/core/errors';
import { Progress } from '../../host/progress';
import { DATABASES, startDatabase, type DatabaseName, type DatabaseServer } from '../database-server';
import { readOptions } from './options';
import { runScenario, type Place } from './run-scenario';
import type { Scenario, Sizes } from './scenario';
import { SCENARIOS } from './scenarios';
import { tableOf, total, type Report } from './table';

async function faults(): Promise<number> {
  const { only, stock, json, ...sizes } = readOptions(process.argv.slice(2));
  const progress = new Progress(process.stderr);
  const scenarios = SCENARIOS.filter(({ name }) => only.includes(name));

  progress.say('starting servers for this run alone');
  const databases = new Map<DatabaseName, DatabaseServer | Error>();
  for (const name of DATABASES.filter((database) => scenarios.some((scenario) => scenario.database === database))) {
    databases.set(name, await startDatabase(name).catch((error: unknown) => new Error(describe(error))));
  }
  const folder = mkdtempSync(join(tmpdir(), 'evolution-guard-faults-'));

  const reports: Report[] = [];
  for (const scenario of scenarios) {
    const database = databases.get(scenario.database);
    if (!database || database instanceof Error) reports.push({ name: scenario.name, notRun: describe(database) });
    else reports.push(await report(scenario, sizes, stock, { database, folder }, progress));
  }

  const sum = total(reports.flatMap((one) => ('outcome' in one ? [one.outcome] : [])));
  (json ? process.stderr : process.stdout).write(tableOf(reports));
  if (json) process.stdout.write(`${JSON.stringify({ scenarios: reports })}\n${JSON.stringify(sum)}\n`);
  for (const server of databases.values()) if (!(server instanceof Error)) await server.stop();
  const { instancesLost, rowsLost, unfinished } = sum;
  const kept = instancesLost + rowsLost + unfinished === 0 && !reports.some((one) => 'failed' in one);
  if (kept) rmSync(folder, { recursive: true });
  else progress.say(`what the hosts have written is kept in ${folder}`);
  return kept ? 0 : 1;
}

/** A scenario that fails is told of, and those behind it run all the same. */
async function report(
  scenario: Scenario,
  sizes: Sizes,
  stock: boolean,
  place: Place,
  progress: Progress,
): Promise<Report> {
  const { name } = scenario;
  progress.say(name);
  const say = (text: string) => progress.say(`  ${text}`);
  try {
    const outcome = await runScenario(scenario, sizes, place, say);
    const { instancesLost, rowsLost, unfinished } = outcome;
    say(`${instancesLost} instances lost, ${rowsLost} rows, ${unfinished} unfinished`);
    if (!stock || !scenario.alsoStock) return { name, outcome };
    say('the same without the plugin');
    const bare = await runScenario(scenario, sizes, place, () => undefined, true).catch((error: unknown) => {
      say(`failed: ${describe(error)}`);
      return undefined;
    });
    return { name, outcome, ...(bare && { stock: bare }) };
  } catch (error) {
    say(`failed: ${describe(error)}`);
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
