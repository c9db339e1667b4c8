import type { Evidence, Read, Span, Write } from './record';

/** Of timers. */
const GRAIN_MS = 20;

/**
 * Calls that took longer than the limit. One may be told late that its time is over where its process ran something else when
 * the timer was due. How long such stalls took was measured in the same process; no more than that is allowed for.
 *
 * @returns what each of them was.
 */
export function lateCalls({ writes, reads, stalls, limitMs }: Evidence): string[] {
  return [...writes, ...reads].flatMap((call) => {
    const due = call.begun + limitMs;
    if (call.ended <= due + GRAIN_MS) return [];
    const own = stalls.filter(({ stream }) => stream === call.stream);
    const stood = own.reduce((sum, stall) => sum + overlap(stall, { begun: due, ended: call.ended }), 0);
    return call.ended > due + GRAIN_MS + stood ? [tellOf(call, stood)] : [];
  });
}

export function longestOf({ writes, reads }: Evidence): number {
  return [...writes, ...reads].reduce((longest, { begun, ended }) => Math.max(longest, ended - begun), 0);
}

function tellOf(call: Write | Read, stood: number): string {
  const what = 'seq' in call ? `write ${call.seq} (${call.outcome})` : `read (${call.seen})`;
  const took = `took ${(call.ended - call.begun).toFixed(0)} ms from ${call.begun.toFixed(1)}`;
  return `${call.item}: a ${what} by ${call.stream} ${took}; its process stood still for ${stood.toFixed(0)} ms behind the limit`;
}

function overlap(one: Span, other: Span): number {
  return Math.max(0, Math.min(one.ended, other.ended) - Math.max(one.begun, other.begun));
}
