import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Keeper, type User } from './keeper';
import { freeze, gone, signal, thaw } from './process-family';
import type { How, RunningService } from './service';

const START_MS = 60_000;
const STOP_MS = 10_000;

export interface CommandLine {
  command: string;
  args: readonly string[];
  env?: NodeJS.ProcessEnv;
}

export interface ServerOptions {
  /** Names the temporary folder. */
  name: string;
  url: string;
  how: How;
  stopSignal: NodeJS.Signals;
  user?: User | undefined;
  /** A helper that ends when the server ends for good. */
  companion?: ServerProcess;
  /** Fills the empty folder that is the server's alone, and tells how to start it. Called once. */
  prepare(folder: string): CommandLine | Promise<CommandLine>;
  /** Rejects until the server does its work. */
  answers(): Promise<unknown>;
}

/** A server of our own, started from a binary. It is controlled by its own pid. */
export class ServerProcess implements RunningService {
  readonly url: string;
  readonly how: How;
  readonly #options: ServerOptions;
  readonly #keeper: Keeper;
  #commandLine: CommandLine | undefined;
  #child: ChildProcess | undefined;
  #exited: Promise<string> = Promise.resolve('it was never started');

  private constructor(options: ServerOptions) {
    this.url = options.url;
    this.how = options.how;
    this.#options = options;
    this.#keeper = new Keeper(options.name, options.stopSignal, options.user);
  }

  static async start(options: ServerOptions): Promise<ServerProcess> {
    const server = new ServerProcess(options);
    try {
      server.#commandLine = await options.prepare(server.folder);
      await server.restart();
    } catch (error) {
      await server.stop();
      throw error;
    }
    return server;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  get folder(): string {
    return this.#keeper.folder;
  }

  async kill(name: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const pid = this.#runningPid();
    const family = name === 'SIGKILL' ? freeze(pid) : [pid];
    for (const member of family) signal(member, name);
    await this.#exited;
    await gone(family);
  }

  pause(): Promise<void> {
    freeze(this.#runningPid());
    return Promise.resolve();
  }

  resume(): Promise<void> {
    thaw(this.#runningPid());
    return Promise.resolve();
  }

  async restart(): Promise<void> {
    await this.#shutDown();
    this.#spawn();
    await this.#untilItAnswers();
  }

  async stop(): Promise<void> {
    await this.#shutDown();
    await this.#keeper.release();
    await this.#options.companion?.stop();
  }

  #runningPid(): number {
    if (this.pid === undefined) throw new Error(`${this.#options.name} is not running`);
    return this.pid;
  }

  #spawn(): void {
    if (!this.#commandLine) throw new Error(`${this.#options.name} was not prepared`);
    const { command, args, env = process.env } = this.#commandLine;
    const log = openSync(this.#logPath, 'a');
    const child = spawn(command, args, {
      ...this.#options.user,
      env,
      cwd: this.folder,
      stdio: ['ignore', log, log],
      detached: true,
    });
    closeSync(log);
    this.#child = child;
    this.#keeper.watch(child.pid);
    this.#exited = new Promise((resolve) => {
      const settle = (reason: string) => {
        this.#child = undefined;
        this.#keeper.watch(undefined);
        resolve(reason);
      };
      child.once('exit', (code, name) => settle(`it ended with ${name ?? `code ${code}`}`));
      child.once('error', (error) => settle(error.message));
    });
  }

  async #untilItAnswers(): Promise<void> {
    const deadline = Date.now() + START_MS;
    let lastError: unknown;
    while (this.#child && Date.now() < deadline) {
      try {
        await this.#options.answers();
        return;
      } catch (error) {
        lastError = error;
        await sleep(25);
      }
    }
    const reason = this.#child ? String(lastError) : await this.#exited;
    throw new Error(`${this.#options.name} did not start: ${reason}\n${this.#logTail()}`);
  }

  async #shutDown(): Promise<void> {
    const pid = this.pid;
    if (pid === undefined) return;
    thaw(pid);
    signal(pid, this.#options.stopSignal);
    const tooSlow = new AbortController();
    const patience = sleep(STOP_MS, 'too slow', { signal: tooSlow.signal }).catch(() => 'aborted');
    if ((await Promise.race([this.#exited, patience])) === 'too slow') await this.kill();
    tooSlow.abort();
  }

  get #logPath(): string {
    return join(this.folder, 'output.log');
  }

  #logTail(): string {
    return readFileSync(this.#logPath, 'utf8').trimEnd().split('\n').slice(-15).join('\n');
  }
}
