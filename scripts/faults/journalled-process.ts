import { spawn, type ChildProcess } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

export interface ProgramOptions {
  /** A program in TypeScript. It says that it is ready with its first message, and takes orders as messages. */
  program: string;
  environment: Readonly<Record<string, string>>;
  /** Where the process writes what it has to say. */
  log: string;
  /** A command that runs the command behind it, with something changed around it. */
  wrapper?: readonly string[] | undefined;
  /** Of node itself. */
  flags?: readonly string[];
}

/**
 * A process that may be killed at any moment, and started again. What is known of it afterwards is its journal: lines that
 * it writes into a pipe (descriptor 3), which can be read whatever becomes of it.
 */
export class JournalledProcess {
  private child: ChildProcess | undefined;
  private ended: Promise<unknown> = Promise.resolve();
  private readonly news = new EventEmitter();

  /** @param read told of every line of the journal. */
  constructor(
    private readonly options: ProgramOptions,
    private readonly read: (line: string) => void,
  ) {
    this.news.setMaxListeners(0); // many may wait at once
  }

  get pid(): number | undefined {
    return this.child?.pid;
  }

  /** Resolves when the process is ready. */
  async start(assignment: object): Promise<void> {
    const { program, environment, log, wrapper = [], flags = [] } = this.options;
    const node = [process.execPath, ...flags, '--import', 'tsx', program];
    const [command = '', ...args] = [...wrapper, ...node, JSON.stringify(assignment)];
    const output = openSync(log, 'a');
    const child = spawn(command, args, {
      env: environment,
      stdio: ['ignore', output, output, 'pipe', 'ipc'],
    });
    closeSync(output);
    this.child = child;
    const lines = createInterface({ input: child.stdio[3] as Readable });
    lines.on('line', (line) => {
      this.read(line);
      this.news.emit('news');
    });
    // By then the journal has been read to its end.
    this.ended = Promise.all([once(child, 'close'), once(lines, 'close')]);
    child.once('close', () => this.news.emit('news'));
    await new Promise<void>((resolve, reject) => {
      child.once('message', () => resolve());
      child.once('close', () => reject(new Error(`a host ended before it was ready, see ${log}`)));
    });
  }

  order(order: object): void {
    // One that is just dying has no use for it.
    if (this.child?.connected) this.child.send(order, () => undefined);
  }

  /** Resolves when the condition holds; asked again after every line. Rejects when the process ends otherwise than by SIGKILL. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await once(this.news, 'news');
      const { exitCode, signalCode } = this.child ?? { exitCode: null, signalCode: null };
      if (exitCode !== null || (signalCode !== null && signalCode !== 'SIGKILL')) {
        throw new Error(`a host ended by itself (${signalCode ?? exitCode}), see ${this.options.log}`);
      }
    }
  }

  signal(name: NodeJS.Signals): void {
    this.child?.kill(name);
  }

  /** Sends the signal, if any. Resolves when the process is gone, and all that it has written into its journal is read. */
  async end(name?: NodeJS.Signals): Promise<void> {
    const { child } = this;
    if (name === 'SIGTERM') this.child = undefined;
    if (name) child?.kill(name);
    await this.ended;
    this.child = undefined;
  }
}
