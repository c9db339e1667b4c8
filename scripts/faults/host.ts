import { join } from 'node:path';
import type { Assignment, Order } from './host-program';
import { JournalledProcess } from './journalled-process';

export interface HostOptions extends Assignment {
  /** Settings of the host and the plugin. */
  environment: Readonly<Record<string, string>>;
  /** Where the process writes what it has to say. */
  log: string;
  /** A command that runs the command behind it, with something changed around it. */
  wrapper?: readonly string[] | undefined;
}

/**
 * The host as the driver sees it: it can be killed and started again, and its stream of events goes on with the number
 * behind the last one emitted. So a number is never emitted twice.
 */
export class Host {
  /** Numbers whose emit has resolved. */
  readonly acknowledged = new Set<number>();
  /** Numbers that were emitted when the process was killed, and not acknowledged: nobody was promised anything. */
  readonly abandoned = new Set<number>();
  private readonly emitted = new Set<number>();
  private next = 0;
  private wanted = 0;
  private perSecond = 1;
  private readonly assignment: Assignment;
  private readonly process: JournalledProcess;

  constructor({ environment, log, wrapper, ...assignment }: HostOptions) {
    this.assignment = assignment;
    const program = join(__dirname, 'host-program.ts');
    this.process = new JournalledProcess({ program, environment, log, wrapper }, (line) => this.read(line));
  }

  get stream(): string {
    return this.assignment.stream;
  }

  /** Emitted by the process that runs now, and not acknowledged. */
  get outstanding(): number {
    return this.emitted.size;
  }

  /** Starts the process. Resolves when the plugin is attached; emitting goes on where it ended. */
  async start(): Promise<void> {
    await this.process.start(this.assignment);
    this.order();
  }

  /** Emits until so many events have been acknowledged in all, at that rate. */
  emit(wanted: number, perSecond: number): void {
    this.wanted = wanted;
    this.perSecond = perSecond;
    this.order();
  }

  /** Resolves when so many are; rejects when the process ends otherwise than by `kill`. */
  async untilAcknowledged(count: number): Promise<void> {
    await this.until(() => this.acknowledged.size >= count);
  }

  /** Resolves when the condition holds; asked again after every line of the journal. */
  async until(condition: () => boolean): Promise<void> {
    await this.process.until(condition);
  }

  /** kill -9. Resolves when the process is gone, and all that it has written into its journal is read. */
  async kill(): Promise<void> {
    await this.process.end('SIGKILL');
    for (const number of this.emitted) this.abandoned.add(number);
    this.emitted.clear();
  }

  /** Ends it in peace. */
  async stop(): Promise<void> {
    await this.process.end('SIGTERM');
  }

  private order(): void {
    const order: Order = { first: this.next, end: this.wanted + this.abandoned.size, perSecond: this.perSecond };
    this.process.order(order);
  }

  private read(line: string): void {
    const number = Number(line.slice(1));
    if (line.startsWith('e')) {
      this.next = number + 1;
      this.emitted.add(number);
    } else {
      this.emitted.delete(number);
      this.acknowledged.add(number);
    }
  }
}
