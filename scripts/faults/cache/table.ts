import type { Verdict } from './judge';
import type { Outcome } from './run-scenario';

/** What became of one scenario, and of the same with a host that has no plugin. */
export type Report = { name: string } & ({ outcome: Outcome; stock?: Outcome } | { failed: string });

const COLUMNS = ['reads', 'stale', 'untold', 'writes', 'lost', 'by Redis', 'over limit', 'longest s', 'silent s', 'calls/s', 'took s']; // prettier-ignore

/** A line for each scenario, the sum without hosts that have no plugin, and below it what else was seen. */
export function tableOf(reports: readonly Report[]): string {
  const outcomes = reports.flatMap((report) => ('outcome' in report ? [report.outcome] : []));
  const lines = reports.flatMap((report) => {
    if ('failed' in report) return [line(report.name, 'FAILED')];
    const { name, outcome, stock } = report;
    const own = line(name, ...cells(outcome), ...times(outcome));
    return stock ? [own, line('  without the plugin', ...cells(stock), ...times(stock))] : [own];
  });
  return `\n${line('', ...COLUMNS)}${lines.join('')}${line('sum', ...cells(total(outcomes)))}\n${reports.map(remarks).join('')}\n`;
}

type Counts = Omit<Verdict, 'longestMs' | 'findings'>;

export function total(outcomes: readonly Outcome[]): Counts {
  const sum: Counts = { reads: 0, stale: 0, untold: 0, writes: 0, writesLost: 0, lostByRedis: 0, overLimit: 0 };
  for (const outcome of outcomes) for (const key of Object.keys(sum) as (keyof Counts)[]) sum[key] += outcome[key];
  return sum;
}

function cells({ reads, stale, untold, writes, writesLost, lostByRedis, overLimit }: Counts): string[] {
  const counts = [reads, stale, untold, writes, writesLost, lostByRedis, overLimit];
  return counts.map((count) => count.toLocaleString('en-US'));
}

function times({ longestMs, silentSeconds, rate, seconds }: Outcome): string[] {
  return [(longestMs / 1000).toFixed(2), silentSeconds.toFixed(2), rate.toFixed(0), seconds.toFixed(0)];
}

function remarks(report: Report): string {
  if ('failed' in report) return `  ${report.name}: ${report.failed}\n`;
  const { name, outcome, stock } = report;
  const own = outcome.notes.map((text) => `  ${name}: ${text}\n`);
  return [...own, ...(stock?.notes ?? []).map((text) => `  ${name}, without the plugin: ${text}\n`)].join('');
}

function line(title: string, ...cells: string[]): string {
  return `  ${title.padEnd(22)}${cells.map((cell) => cell.padStart(11)).join('')}\n`;
}
