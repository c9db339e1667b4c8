import type { Outcome } from './run-scenario';
import { sum } from './tally';

/** What became of one scenario. */
export type Report = { name: string } & ({ outcome: Outcome } | { failed: string } | { notRun: string });

const COLUMNS = ['sent', 'lost', 'duplicated', 'out of order', 'standstill s', 'took s'];

/** A line for each scenario, the sum, and below it what else was seen. */
export function tableOf(reports: readonly Report[]): string {
  const outcomes = reports.flatMap((report) => ('outcome' in report ? [report.outcome] : []));
  const cells = ({ sent, lost, duplicated, outOfOrder }: ReturnType<typeof sum>) =>
    [sent, lost, duplicated, outOfOrder].map((count) => count.toLocaleString('en-US'));
  const lines = reports.map((report) => {
    if ('failed' in report) return line(report.name, 'FAILED');
    if ('notRun' in report) return line(report.name, 'not run');
    const { outcome } = report;
    return line(report.name, ...cells(outcome), outcome.standstillSeconds.toFixed(1), outcome.seconds.toFixed(0));
  });
  return `\n${line('', ...COLUMNS)}${lines.join('')}${line('sum', ...cells(sum(outcomes)))}\n${reports.map(remarks).join('')}\n`;
}

function remarks(report: Report): string {
  if (!('outcome' in report)) return `  ${report.name}: ${'failed' in report ? report.failed : report.notRun}\n`;
  const { notes, unacknowledged, unacknowledgedArrived, redelivered } = report.outcome;
  const told = [...notes];
  if (unacknowledged > 0) {
    told.push(
      `${unacknowledged} more events were emitted and not acknowledged; ${unacknowledgedArrived} of them arrived`,
    );
  }
  if (redelivered > 0) told.push(`${redelivered} of the duplicates are messages that the broker handed out twice`);
  return told.map((text) => `  ${report.name}: ${text}\n`).join('');
}

function line(title: string, ...cells: string[]): string {
  return `  ${title.padEnd(20)}${cells.map((cell) => cell.padStart(14)).join('')}\n`;
}
