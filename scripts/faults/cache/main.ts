import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe } from '../../../src/core/errors';
import { Progress } from '../../host/progress';
import { readOptions, type FaultsOptions } from './options';
import { runScenario, type Pace } from './run-scenario';
import type { Scenario } from './scenario';
import { SCENARIOS } from './scenarios';
import { tableOf, total, type Report } from './table';

const AROUND_SECONDS = 3;

async function faults({ rate, only, stock, json }: FaultsOptions): Promise<number> {
  const progress = new Progress(process.stderr);
  const pace = { perSecond: rate, aroundSeconds: AROUND_SECONDS };
  const folder = mkdtempSync(join(tmpdir(), 'evolution-guard-faults-'));
  const reports: Report[] = [];
  for (const scenario of SCENARIOS.filter(({ name }) => only.includes(name))) {
    reports.push(await report(scenario, pace, stock, folder, progress));
  }

  const { reads, stale, writesLost, overLimit } = total(
    reports.flatMap((one) => ('outcome' in one ? [one.outcome] : [])),
  );
  (json ? process.stderr : process.stdout).write(tableOf(reports));
  if (json) {
    process.stdout.write(`${JSON.stringify({ scenarios: reports })}\n`);
    process.stdout.write(`${JSON.stringify({ reads, stale, writesLost, overLimit })}\n`);
  }
  const kept = stale + writesLost + overLimit === 0 && !reports.some((one) => 'failed' in one);
  if (kept) rmSync(folder, { recursive: true });
  else progress.say(`what the hosts have written is kept in ${folder}`);
  return kept ? 0 : 1;
}

/** A scenario that fails is told of, and those behind it run all the same. */
async function report(
  scenario: Scenario,
  pace: Pace,
  stock: boolean,
  folder: string,
  progress: Progress,
): Promise<Report> {
  const { name } = scenario;
  progress.say(name);
  const say = (text: string) => progress.say(`  ${text}`);
  try {
    const outcome = await runScenario(scenario, pace, folder, say);
    const { reads, stale, writesLost, lostByRedis, overLimit } = outcome;
    say(
      `${reads} reads, ${stale} stale; ${writesLost} writes lost, ${lostByRedis} by Redis; ${overLimit} over the limit`,
    );
    if (!stock) return { name, outcome };
    say('the same without the plugin');
    return { name, outcome, stock: await runScenario(scenario, pace, folder, () => undefined, true) };
  } catch (error) {
    say(`failed: ${describe(error)}`);
    return { name, failed: describe(error) };
  }
}

void faults(readOptions(process.argv.slice(2)))
  .catch((error: unknown) => {
    console.error(`\nThe run failed: ${describe(error)}`);
    return 1;
  })
  // Servers that a failure left end with this process.
  .then((code) => process.exit(code));
