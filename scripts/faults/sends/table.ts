import type { Outcome } from './run-scenario';
import { sum, type Tally } from './tally';

/** What became of one scenario, and of the same with a host that has no plugin. */
export type Report = { name: string } & (
  { outcome: Outcome; stock?: Outcome } | { failed: string } | { notRun: string }
);

const COLUMNS = ['sent', 'lost', 'twice', 'inverted', 'unknown', 'copies', 'longest s', 'took s'];

/** A line for each scenario, the sum, and below it what else was seen. */
export function tableOf(reports: readonly Report[]): string {
  const outcomes = reports.flatMap((report) => ('outcome' in report ? [report.outcome] : []));
  const lines = reports.flatMap((report) => {
    if ('failed' in report) return [line(report.name, 'FAILED')];
    if ('notRun' in report) return [line(report.name, 'not run')];
    const { name, outcome, stock } = report;
    const own = line(name, ...cells(outcome), ...times(outcome));
    return stock ? [own, line('  without the plugin', ...cells(stock), ...times(stock))] : [own];
  });
  return `\n${line('', ...COLUMNS)}${lines.join('')}${line('sum', ...cells(sum(outcomes)))}\n${reports.map(remarks).join('')}\n`;
}

function cells({ sent, lost, twice, inverted, unknown, copies }: Tally): string[] {
  return [sent, lost, twice, inverted, unknown, copies].map((count) => count.toLocaleString('en-US'));
}

const times = ({ longestWaitSeconds, seconds }: Outcome) => [longestWaitSeconds.toFixed(1), seconds.toFixed(0)];

function remarks(report: Report): string {
  if (!('outcome' in report)) return `  ${report.name}: ${'failed' in report ? report.failed : report.notRun}\n`;
  const {
    notes,
    open,
    unknown,
    unknownArrived,
    unknownAnswered,
    notAccepted,
    notAcceptedArrived,
    overtaken,
    stale,
    atTheSameTime,
  } = report.outcome;
  const told = [...notes];
  if (open > 0) told.push(`${open} were still open in the journal when nothing happened any more`);
  if (unknown > 0) {
    told.push(
      `${unknown} ended as unknown: ${unknownArrived} had arrived, and of ${unknownAnswered} the caller had the answer`,
    );
  }
  if (notAccepted > 0) {
    told.push(
      `${notAccepted} more were asked for and not yet in the journal at a kill; ${notAcceptedArrived} of them arrived, ${overtaken} were followed by one that was in the journal`,
    );
  }
  if (stale > 0) told.push(`${stale} arrivals bore a lower fencing token than one before`);
  if (atTheSameTime > 0) told.push(`${atTheSameTime} arrivals met another message of the chat that was being answered`);
  return told.map((text) => `  ${report.name}: ${text}\n`).join('');
}

function line(title: string, ...cells: string[]): string {
  return `  ${title.padEnd(22)}${cells.map((cell) => cell.padStart(11)).join('')}\n`;
}
