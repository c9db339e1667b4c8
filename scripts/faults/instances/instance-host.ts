import { join } from 'node:path';
import { JournalledProcess } from '../journalled-process';
import type { Assignment, Calls, Line, Order, Seen } from './assignment';

export interface HostOptions extends Assignment {
  /** Settings of the plugin and of the host. */
  environment: Readonly<Record<string, string>>;
  /** Where the process writes what it has to say. */
  log: string;
}

type Answer = Extract<Line, { answer: number }>;

/** The host as the driver sees it: it can be asked, killed and started again. */
export class InstanceHost {
  /** Points that work has come to, in their order. */
  readonly points: { point: string; id: string }[] = [];
  /** Instances whose work is held. */
  readonly held = new Set<string>();
  private readonly answers = new Map<number, Answer>();
  private readonly assignment: Assignment;
  private readonly process: JournalledProcess;
  private orders = 0;

  constructor({ environment, log, ...assignment }: HostOptions) {
    this.assignment = assignment;
    const program = join(__dirname, 'host', 'program.ts');
    this.process = new JournalledProcess({ program, environment, log }, (line) => this.read(JSON.parse(line) as Line));
  }

  /** Resolves when it is ready, which takes as long as loading its instances does. */
  async start(): Promise<void> {
    this.held.clear();
    await this.process.start(this.assignment);
  }

  /** @returns what it answered, and after how many milliseconds. @throws Error with what it has answered instead. */
  async ask<Call extends keyof Calls>(call: Call, given: Calls[Call]): Promise<{ ms: number; result: unknown }> {
    const number = (this.orders += 1);
    this.process.order({ number, call, with: given } satisfies Order<Call>);
    await this.process.until(() => this.answers.has(number));
    const { ms, result, error } = this.answers.get(number) as Answer;
    if (error !== undefined) throw new Error(error);
    return { ms, result };
  }

  /** The same where nobody waits for the answer. */
  tell<Call extends keyof Calls>(call: Call, given: Calls[Call]): void {
    this.process.order({ number: (this.orders += 1), call, with: given } satisfies Order<Call>);
  }

  async look(): Promise<Record<string, Seen>> {
    return (await this.ask('look', {})).result as Record<string, Seen>;
  }

  /** Resolves when the work on so many instances is held. */
  async untilHeld(count: number): Promise<void> {
    await this.process.until(() => this.held.size >= count);
  }

  async kill(): Promise<void> {
    await this.process.end('SIGKILL');
  }

  async stop(): Promise<void> {
    await this.process.end('SIGTERM');
  }

  private read(line: Line): void {
    if ('answer' in line) this.answers.set(line.answer, line);
    else {
      this.points.push(line);
      if (line.isHeld) this.held.add(line.id);
    }
  }
}
