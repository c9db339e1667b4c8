import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { freePort } from './free-port';
import type { RunningService } from './service';

const run = promisify(execFile);
const START_MS = 60_000;

export interface ContainerOptions {
  image: string;
  /** The port inside. */
  port: number;
  /** Further ports, as docker's --publish takes them. */
  publish?: readonly string[];
  environment?: Readonly<Record<string, string>>;
  command?: readonly string[];
  url(port: number): string;
  /** Rejects until the server does its work. */
  answers(url: string): Promise<unknown>;
}

/** False too where only the client is installed. */
export function dockerAnswers(): Promise<boolean> {
  return run('docker', ['info']).then(
    () => true,
    () => false,
  );
}

/** A server in a container of our own, removed when this process ends. */
export class DockerContainer implements RunningService {
  readonly how = 'docker';
  readonly pid = undefined;
  readonly url: string;
  readonly #name: string;
  readonly #options: ContainerOptions;
  readonly #keeper: ChildProcess;

  private constructor(options: ContainerOptions, port: number) {
    this.#options = options;
    this.#name = `evolution-guard-${randomUUID()}`;
    this.url = options.url(port);
    // The pipe closes when this process is gone, however it went.
    this.#keeper = spawn('sh', ['-c', 'read -r _; docker rm --force --volumes "$0"', this.#name], {
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
    });
  }

  static async start(options: ContainerOptions): Promise<DockerContainer> {
    const port = await freePort();
    const container = new DockerContainer(options, port);
    const environment = Object.entries(options.environment ?? {}).flatMap(([key, value]) => [
      '--env',
      `${key}=${value}`,
    ]);
    const ports = [`127.0.0.1:${port}:${options.port}`, ...(options.publish ?? [])];
    const published = ports.flatMap((mapping) => ['--publish', mapping]);
    try {
      const flags = ['--detach', '--name', container.#name, ...published, ...environment];
      await run('docker', ['run', ...flags, options.image, ...(options.command ?? [])]);
      await container.#untilItAnswers();
    } catch (error) {
      await container.stop();
      throw error;
    }
    return container;
  }

  /** Runs a command inside and returns what it printed. */
  async execute(command: readonly string[]): Promise<string> {
    return (await this.#docker('exec', ...command)).stdout;
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    await run('docker', ['kill', '--signal', signal, this.#name]);
    await this.#docker('wait');
  }

  async pause(): Promise<void> {
    await this.#docker('pause');
  }

  async resume(): Promise<void> {
    await this.#docker('unpause');
  }

  async restart(): Promise<void> {
    await this.#docker('restart');
    await this.#untilItAnswers();
  }

  async stop(): Promise<void> {
    const gone = new Promise((resolve) => this.#keeper.once('exit', resolve));
    this.#keeper.stdin?.end();
    await gone;
  }

  #docker(verb: string, ...rest: string[]) {
    return run('docker', [verb, this.#name, ...rest]);
  }

  async #untilItAnswers(): Promise<void> {
    const deadline = Date.now() + START_MS;
    for (;;) {
      try {
        await this.#options.answers(this.url);
        return;
      } catch (error) {
        if (Date.now() > deadline) throw error;
        await sleep(100);
      }
    }
  }
}
