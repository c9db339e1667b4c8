import type { Line, Read, Span, Stall, Write } from './record';

/** What all processes of a scenario have reported, and what was done to the servers meanwhile. */
export class Reports {
  readonly writes: Write[] = [];
  readonly reads: Read[] = [];
  readonly stalls: Stall[] = [];
  readonly wipes: Span[] = [];
  readonly notes: string[] = [];
  /** What hosts without the plugin have logged, and how often. */
  readonly logged = new Map<string, number>();

  get calls(): number {
    return this.writes.length + this.reads.length;
  }

  take(line: Line): void {
    if ('write' in line) this.writes.push(line.write);
    else if ('read' in line) this.reads.push(line.read);
    else if ('stall' in line) this.stalls.push(line.stall);
    else this.logged.set(line.logged.words, (this.logged.get(line.logged.words) ?? 0) + line.logged.times);
  }

  /** The longest time in which a process had no answer to anything. */
  silentMs(stream: string, { begun, ended }: Span): number {
    const answered = [
      ...this.writes.filter(({ outcome }) => outcome === 'acknowledged'),
      ...this.reads.filter(({ seen }) => seen !== 'untold' && seen !== 'open'),
    ];
    const times = answered.filter((call) => call.stream === stream).map((call) => call.ended);
    const inOrder = [begun, ...times.sort((one, other) => one - other), ended];
    return inOrder.reduce((longest, time, place) => Math.max(longest, time - (inOrder[place - 1] ?? time)), 0);
  }
}
