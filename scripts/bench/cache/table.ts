import { CONCURRENCIES, ratiosOf, SIZES, type Measured } from './figures';
import type { Comparison } from './rounds';
import type { Results } from './task';

/** A block for each part that ran. */
export function cacheTable(measured: Measured): string {
  const { messages, objects, verification, deletes } = measured;
  const blocks = [
    messages && messageBlock('texts', messages),
    objects && messageBlock('objects', objects),
    verification && verificationBlock(verification),
    deletes && deleteBlock(deletes),
  ].filter((block) => block !== undefined);
  const { c1, c16, c256 } = ratiosOf(measured);
  const end = messages ? [`  times as fast as the host's way: ${c1} at 1, ${c16} at 16, ${c256} at 256\n`] : [];
  return `\n${[...blocks, ...end].join('\n')}\n`;
}

function messageBlock(title: string, measured: NonNullable<Measured['messages']>): string {
  const row = (concurrency: (typeof CONCURRENCIES)[number], size: (typeof SIZES)[number]) => {
    const { perSecond, times, ...compared } = measured[`c${concurrency}`][`b${size}`];
    const time = (name: keyof Results['messages']['times']) =>
      `${times[name].p50Ms.toFixed(2)} / ${times[name].p99Ms.toFixed(2)}`;
    const rates = [whole(perSecond.guard), whole(perSecond.stock)];
    return line(`${concurrency} at a time, ${whole(size)} B`, ...rates, ratio(compared), time('guard'), time('stock'));
  };
  return [
    line(title, 'guard calls/s', "host's way", 'guard is', 'ms p50 / p99', "host's way"),
    ...SIZES.flatMap((size) => CONCURRENCIES.map((concurrency) => row(concurrency, size))),
  ].join('');
}

function verificationBlock(measured: NonNullable<Measured['verification']>): string {
  const row = (concurrency: (typeof CONCURRENCIES)[number]) => {
    const { perSecond, ...compared } = measured[`c${concurrency}`];
    return line(`${concurrency} at a time`, whole(perSecond.fenced), whole(perSecond.unfenced), ratio(compared));
  };
  return [line('fence before reads', 'with, calls/s', 'without', 'with is'), ...CONCURRENCIES.map(row)].join('');
}

function deleteBlock({ present, absent }: Results['deletes']): string {
  const row = (title: string, { perSecond, ...compared }: Results['deletes']['present']) =>
    line(title, whole(perSecond.verified), whole(perSecond.plain), ratio(compared));
  return [
    line('deletes, 16 at a time', 'verified/s', 'plain/s', 'verified is'),
    row('of keys that were just set', present),
    row('of keys that are not there', absent),
  ].join('');
}

/** With the middle half of the rounds. */
const ratio = ({ ratio, from, to }: Pick<Comparison<never>, 'ratio' | 'from' | 'to'>) =>
  `x ${ratio.toFixed(2)} (${from.toFixed(2)}-${to.toFixed(2)})`;

function line(title: string, ...cells: string[]): string {
  return `  ${title.padEnd(28)}${cells.map((cell) => cell.padStart(20)).join('')}\n`;
}

function whole(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}
