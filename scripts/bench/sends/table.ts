import { ratiosOf, type Measured } from './figures';
import type { Cost, Rate } from './task';

/** A block for each part that ran. */
export function sendsTable(measured: Measured): string {
  const ratios = ratiosOf(measured);
  const blocks = [
    order(measured),
    throughput(measured),
    cost(measured),
    redlock(measured),
    processes(measured),
    bullmq(measured),
  ];
  const told = Object.entries(ratios).flatMap(([name, ratio]) => (ratio === null ? [] : [`${name} ${ratio}`]));
  const end = told.length > 0 ? [`  ${told.join(', ')}\n`] : [];
  return `\n${[...blocks.filter((block) => block !== ''), ...end].join('\n')}\n`;
}

function order({ order }: Measured): string {
  if (!order) return '';
  const row = (title: string, { invertedPairs, sends, seconds }: (typeof order)['guarded']) =>
    line(title, whole(sends), whole(invertedPairs), seconds.toFixed(1));
  return [
    line('one chat, 2 ms apart', 'sends', 'inverted pairs', 'took s'),
    row('evolution-guard', order.guarded),
    row('straight to the channel', order.straight),
  ].join('');
}

function throughput({ throughput }: Measured): string {
  if (!throughput) return '';
  const own = throughput.guarded.sendsPerSecond;
  const row = (title: string, { sendsPerSecond }: Rate) => line(title, whole(sendsPerSecond), times(own, sendsPerSecond)); // prettier-ignore
  return [
    line('200 callers, 100 chats', 'sends/s', 'guard is'),
    row('evolution-guard', throughput.guarded),
    row('in order, nothing else', throughput.ordered),
    row('straight to the channel', throughput.straight),
  ].join('');
}

function cost({ cost }: Measured): string {
  if (!cost) return '';
  return [
    line('before the channel, ms', 'p50', 'p95', 'p99', 'lock p50', 'journal p50'),
    costRow('100/s to 100 chats', cost.hundredChats),
    costRow('20/s to one chat', cost.oneChat),
  ].join('');
}

function costRow(title: string, { p50Ms, p95Ms, p99Ms, lockP50Ms, journalP50Ms }: Cost): string {
  const trips = [lockP50Ms, journalP50Ms].flatMap((each) => (each === undefined ? [] : [each.toFixed(2)]));
  return line(title, p50Ms.toFixed(2), p95Ms.toFixed(2), p99Ms.toFixed(2), ...trips);
}

function redlock({ redlock }: Measured): string {
  if (!redlock) return '';
  const { guarded, shipped, best, bestDelayMs, chained, tried } = redlock;
  const own = guarded.sendsPerSecond;
  const row = (title: string, { sendsPerSecond, invertedPairs }: Rate) =>
    line(title, whole(sendsPerSecond), times(own, sendsPerSecond), whole(invertedPairs ?? 0));
  const others = Object.entries(tried).map(([delay, rate]) => `${delay} ms: ${whole(rate)}`);
  return [
    line('bursts of 50 to 20 chats', 'sends/s', 'guard is', 'inverted pairs'),
    row('evolution-guard', guarded),
    row('Redlock as it is shipped', shipped),
    row(`Redlock, asks every ${bestDelayMs} ms`, best),
    row('Redlock behind a chain', chained),
    `  Redlock by its pause: ${others.join(', ')}\n`,
  ].join('');
}

function processes({ processes }: Measured): string {
  if (!processes) return '';
  const { sends, invertedPairs, fencesBack, atTheSameTime, turns, seconds } = processes;
  return [
    line('two processes, one chat', 'sends', 'inverted pairs', 'fences back', 'at same time', 'changes', 'took s'),
    line('evolution-guard', ...[sends, invertedPairs, fencesBack, atTheSameTime, turns].map(whole), seconds.toFixed(1)),
  ].join('');
}

function bullmq({ bullmq }: Measured): string {
  if (!bullmq) return '';
  const own = bullmq.guarded.sendsPerSecond;
  const row = (title: string, { sendsPerSecond, invertedPairs, cost }: (typeof bullmq)['guarded']) => {
    const { p50Ms, p99Ms } = cost;
    return line(title, whole(sendsPerSecond), times(own, sendsPerSecond), whole(invertedPairs ?? 0), p50Ms.toFixed(2), p99Ms.toFixed(2)); // prettier-ignore
  };
  return [
    line('20 chats', 'sends/s', 'guard is', 'inverted pairs', '100/s p50 ms', 'p99 ms'),
    row('evolution-guard', bullmq.guarded),
    row('BullMQ, a queue each', bullmq.bullmq),
  ].join('');
}

const times = (own: number, other: number) => `x ${(own / other).toFixed(2)}`;

function line(title: string, ...cells: string[]): string {
  return `  ${title.padEnd(28)}${cells.map((cell) => cell.padStart(15)).join('')}\n`;
}

function whole(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}
