import { spawn, type ChildProcess } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { Assignment, Order } from './host-program';

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
  private child: ChildProcess | undefined;
  private ended: Promise<unknown> = Promise.resolve();
  private readonly news = new EventEmitter();

  constructor(private readonly options: HostOptions) {}

  get stream(): string {
    return this.options.stream;
  }

  /** Emitted by the process that runs now, and not acknowledged. */
  get outstanding(): number {
    return this.emitted.size;
  }

  /** Starts the process. Resolves when the plugin is attached; emitting goes on where it ended. */
  async start(): Promise<void> {
    const { environment, log, wrapper = [], ...assignment } = this.options;
    const program = [process.execPath, '--import', 'tsx', join(__dirname, 'host-program.ts')];
    const [command = '', ...args] = [...wrapper, ...program, JSON.stringify(assignment)];
    const output = openSync(log, 'a');
    const child = spawn(command, args, {
      env: environment,
      stdio: ['ignore', output, output, 'pipe', 'ipc'],
    });
    closeSync(output);
    this.child = child;
    const lines = createInterface({ input: child.stdio[3] as Readable });
    lines.on('line', (line) => this.read(line));
    // By then the journal has been read to its end.
    this.ended = Promise.all([once(child, 'close'), once(lines, 'close')]);
    child.once('close', () => this.news.emit('news'));
    await new Promise<void>((resolve, reject) => {
      child.once('message', () => resolve());
      child.once('close', () => reject(new Error(`a host ended before it was ready, see ${log}`)));
    });
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
    while (!condition()) {
      await once(this.news, 'news');
      const { exitCode, signalCode } = this.child ?? { exitCode: null, signalCode: null };
      if (exitCode !== null || (signalCode !== null && signalCode !== 'SIGKILL')) {
        throw new Error(`a host ended by itself (${signalCode ?? exitCode}), see ${this.options.log}`);
      }
    }
  }

  /** kill -9. Resolves when the process is gone, and all that it has written into its journal is read. */
  async kill(): Promise<void> {
    this.child?.kill('SIGKILL');
    await this.ended;
    this.child = undefined;
    for (const number of this.emitted) this.abandoned.add(number);
    this.emitted.clear();
  }

  /** Ends it in peace. */
  async stop(): Promise<void> {
    const { child } = this;
    this.child = undefined;
    child?.kill('SIGTERM');
    await this.ended;
  }

  private order(): void {
    const order: Order = { first: this.next, end: this.wanted + this.abandoned.size, perSecond: this.perSecond };
    this.child?.send(order);
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
    this.news.emit('news');
  }
}
