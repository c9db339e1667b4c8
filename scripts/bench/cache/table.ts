import { CONCURRENCIES, ratiosOf, SIZES, type Measured } from './figures';
import type { Comparison, Rate } from './rounds';

/** A block for each part that ran. */
export function cacheTable(measured: Measured): string {
  const { messages, objects, verification, deletes } = measured;
  const blocks = [
    messages && messageBlock('messages, values are texts', messages),
    objects && messageBlock('messages, values are objects', objects),
    verification && verificationBlock(verification),
    deletes && deleteBlock(deletes),
  ].filter((block) => block !== undefined);
  const { c1, c16, c256 } = ratiosOf(measured);
  const end = messages ? [`  times as fast as the host's way: ${c1} at 1, ${c16} at 16, ${c256} at 256\n`] : [];
  return `\n${[...blocks, ...end].join('\n')}\n`;
}

function messageBlock(title: string, measured: NonNullable<Measured['messages']>): string {
  const rows = SIZES.flatMap((size) =>
    CONCURRENCIES.map((concurrency) => {
      const compared = measured[`c${concurrency}`][`b${size}`];
      const cells = [compared.own, compared.other].flatMap((rate) => [timesOf(rate), rate.cpuUsPerCall.toFixed(1)]);
      return line(`${concurrency} at a time, ${whole(size)} B`, ...ratesOf(compared), ...cells);
    }),
  );
  const times = ['ms p50 / p99', 'CPU us/call'];
  return [line(title, 'guard calls/s', "host's way", 'guard is', ...times, ...times), ...rows].join('');
}

function verificationBlock(measured: NonNullable<Measured['verification']>): string {
  const rows = CONCURRENCIES.map((concurrency) =>
    line(`${concurrency} at a time`, ...ratesOf(measured[`c${concurrency}`])),
  );
  return [line('fence before reads, 200 B', 'with, calls/s', 'without', 'with it is'), ...rows].join('');
}

function deleteBlock({ present, absent }: NonNullable<Measured['deletes']>): string {
  return [
    line('deletes, 16 at a time', 'verified/s', 'plain/s', 'verified is'),
    line('of keys that were just set', ...ratesOf(present)),
    line('of keys that are not there', ...ratesOf(absent)),
  ].join('');
}

/** With the middle half of the rounds. */
function ratesOf({ own, other, ratio, from, to }: Comparison): string[] {
  const range = `(${from.toFixed(2)}-${to.toFixed(2)})`;
  return [whole(own.perSecond), whole(other.perSecond), `x ${ratio.toFixed(2)} ${range}`];
}

const timesOf = ({ times }: Rate) => (times ? `${times.p50Ms.toFixed(2)} / ${times.p99Ms.toFixed(2)}` : '');

function line(title: string, ...cells: string[]): string {
  return `  ${title.padEnd(30)}${cells.map((cell) => cell.padStart(20)).join('')}\n`;
}

function whole(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}
