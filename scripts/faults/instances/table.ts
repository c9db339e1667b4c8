import { sum } from './losses';
import type { Outcome } from './run-scenario';

/** What became of one scenario, and of the same with a host that has no plugin. */
export type Report = { name: string } & (
  { outcome: Outcome; stock?: Outcome } | { failed: string } | { notRun: string }
);

const COLUMNS = ['logouts', 'instances lost', 'rows lost', 'unfinished', 'took s'];

/** A line for each scenario, the sum without hosts that have no plugin, and below it what else was seen. */
export function tableOf(reports: readonly Report[]): string {
  const outcomes = reports.flatMap((report) => ('outcome' in report ? [report.outcome] : []));
  const lines = reports.flatMap((report) => {
    if ('failed' in report) return [line(report.name, 'FAILED')];
    if ('notRun' in report) return [line(report.name, 'not run')];
    const { name, outcome, stock } = report;
    const own = line(name, ...cells(outcome), outcome.seconds.toFixed(0));
    return stock ? [own, line('  without the plugin', ...cells(stock), stock.seconds.toFixed(0))] : [own];
  });
  return `\n${line('', ...COLUMNS)}${lines.join('')}${line('sum', ...cells(total(outcomes)))}\n${reports.map(remarks).join('')}\n`;
}

export type Total = Pick<Outcome, 'logouts' | 'instancesLost' | 'rowsLost' | 'unfinished'>;

export function total(outcomes: readonly Outcome[]): Total {
  return { ...sum(outcomes), unfinished: outcomes.reduce((all, { unfinished }) => all + unfinished, 0) };
}

function cells({ logouts, instancesLost, rowsLost, unfinished }: Total): string[] {
  return [logouts, instancesLost, rowsLost, unfinished].map((count) => count.toLocaleString('en-US'));
}

function remarks(report: Report): string {
  if (!('outcome' in report)) return `  ${report.name}: ${'failed' in report ? report.failed : report.notRun}\n`;
  return report.outcome.notes.map((text) => `  ${report.name}: ${text}\n`).join('');
}

function line(title: string, ...cells: string[]): string {
  return `  ${title.padEnd(24)}${cells.map((cell) => cell.padStart(16)).join('')}\n`;
}
