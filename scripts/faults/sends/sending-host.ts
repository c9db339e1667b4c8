import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { JournalledProcess } from '../journalled-process';
import type { Assignment, Order } from './assignment';
import { chatOf } from './message';
import type { Step } from './steps';

export interface HostOptions extends Omit<Assignment, 'owner'> {
  /** Settings of the plugin. */
  environment: Readonly<Record<string, string>>;
  /** Where the process writes what it has to say. */
  log: string;
}

/** The host as the driver sees it: it can be stopped, killed and started again, and its stream of sends goes on. */
export class SendingHost {
  /** Numbers that were asked for, and when: milliseconds on the clock of this process. */
  readonly called = new Map<number, number>();
  /** Numbers whose caller has got WhatsApp's answer. */
  readonly answered = new Set<number>();
  /** Numbers whose caller has got an error, with its code. */
  readonly refused = new Map<number, string>();
  /** Under which id numbers were to be written into the journal; whether they were, the journal knows. */
  readonly writtenAs = new Map<number, string>();
  /** Of the process that runs now, in the database. */
  owner = '';
  /** Numbers that were first asked for in each process, in their order. */
  readonly lives: number[] = [];
  private open = new Set<number>();
  private blows = 0;
  private end = 0;
  private perSecond = 1;
  private readonly assignment: Omit<Assignment, 'owner'>;
  private readonly process: JournalledProcess;

  constructor({ environment, log, ...assignment }: HostOptions) {
    this.assignment = assignment;
    const program = join(__dirname, 'host-program.ts');
    const flags = ['--require', join(__dirname, 'moving-clock.cjs')];
    this.process = new JournalledProcess({ program, environment, log, flags }, (line) => this.read(line));
  }

  get stream(): string {
    return this.assignment.stream;
  }

  /** Behind the last number that was asked for. */
  get next(): number {
    return this.called.size;
  }

  get isRunning(): boolean {
    return this.process.pid !== undefined;
  }

  /** Numbers behind that one, of the same process and chat. */
  laterInChat(number: number): number[] {
    const end = Math.min(...this.lives.filter((first) => first > number), this.next);
    const { chats } = this.assignment;
    const later = Array.from({ length: end - number - 1 }, (_, place) => number + 1 + place);
    return later.filter((other) => chatOf(other, chats) === chatOf(number, chats));
  }

  /** Whether something that was ordered has not been answered or refused. */
  get isBusy(): boolean {
    return this.isRunning && (this.next < this.end || this.open.size > 0);
  }

  /** Starts the process. Resolves when it takes sends; they go on where they ended. */
  async start(): Promise<void> {
    this.open.clear();
    this.lives.push(this.next);
    this.owner = randomUUID();
    await this.process.start({ ...this.assignment, owner: this.owner } satisfies Assignment);
    this.order();
  }

  /** Sends all numbers below `end`, at that rate. */
  send(end: number, perSecond: number): void {
    this.end = end;
    this.perSecond = perSecond;
    this.order();
  }

  /** Resolves when so many numbers have been asked for. */
  async untilCalled(count: number): Promise<void> {
    await this.process.until(() => this.called.size >= count);
  }

  /**
   * The process stops itself, with SIGSTOP, when some send takes that step, so many times from now. Resolves when it has.
   *
   * @param shiftMs by which its wall clock is off from then on.
   */
  async pauseAt(step: Step, after: number, shiftMs = 0): Promise<void> {
    const before = this.blows;
    this.process.order({ strike: { blow: 'SIGSTOP', step, after }, shiftMs } satisfies Order);
    await this.process.until(() => this.blows > before);
  }

  resume(): void {
    this.process.signal('SIGCONT');
  }

  /** kill -9 at once. Resolves when it is gone. */
  async kill(): Promise<void> {
    await this.process.end('SIGKILL');
  }

  /** The process kills itself when some send takes that step, so many times from now. */
  dieAt(step: Step, after: number): void {
    this.process.order({ strike: { blow: 'SIGKILL', step, after } } satisfies Order);
  }

  /** Resolves when it has killed itself. */
  async untilDead(): Promise<void> {
    await this.process.end();
  }

  /** The wall clock of the process is off by so much from now on. */
  shiftClock(ms: number): void {
    this.process.order({ shiftMs: ms } satisfies Order);
  }

  async stop(): Promise<void> {
    await this.process.end('SIGTERM');
  }

  private order(): void {
    const send = { first: this.next, end: this.end, perSecond: this.perSecond };
    this.process.order({ send } satisfies Order);
  }

  private read(line: string): void {
    const space = line.indexOf(' ');
    const [number, more] = [Number(line.slice(1, space)), line.slice(space + 1)];
    if (line.startsWith('c')) {
      this.called.set(number, performance.now());
      this.open.add(number);
    } else if (line.startsWith('s')) this.blows += 1;
    else if (line.startsWith('w')) this.writtenAs.set(number, more);
    else {
      this.open.delete(number);
      if (line.startsWith('a')) this.answered.add(number);
      else this.refused.set(number, more);
    }
  }
}
