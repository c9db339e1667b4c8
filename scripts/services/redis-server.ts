import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { answersPing } from './answers-ping';
import { freePort } from './free-port';
import { provide } from './obtain';
import { redis } from './redis';
import { ServerProcess } from './server-process';
import type { How, RunningService } from './service';

/** Where redis-server is, for servers that only work together: neither given ones nor containers do. */
export async function redisBinary(): Promise<{ binary: string; how: How }> {
  const found = await provide(redis);
  if (!found) throw new Error(`No ${redis.name} to work with: install ${redis.packages.join(' ')}.`);
  return { binary: found.binaries, how: found.how };
}

/** A Redis whose configuration is a file, as Sentinel and Cluster need it; they write into it themselves. */
export class RedisServer implements RunningService {
  private constructor(
    private readonly process: ServerProcess,
    private readonly configuration: readonly string[],
  ) {}

  /** @param lines of its configuration, besides address, folder and log. @param flags behind the file's name. */
  static async start(lines: readonly string[], flags: readonly string[] = []): Promise<RedisServer> {
    const { binary, how } = await redisBinary();
    const port = await freePort();
    const url = `redis://127.0.0.1:${port}`;
    const configuration = ['bind 127.0.0.1', `port ${port}`, ...lines];
    const server = await ServerProcess.start({
      name: 'redis',
      url,
      how,
      stopSignal: 'SIGTERM',
      prepare(folder) {
        const file = join(folder, 'redis.conf');
        write(folder, configuration);
        return { command: binary, args: [file, ...flags] };
      },
      answers: () => answersPing(url),
    });
    return new RedisServer(server, configuration);
  }

  get url(): string {
    return this.process.url;
  }

  get port(): number {
    return Number(new URL(this.url).port);
  }

  get how(): How {
    return this.process.how;
  }

  get pid(): number | undefined {
    return this.process.pid;
  }

  kill = (signal?: NodeJS.Signals) => this.process.kill(signal);
  pause = () => this.process.pause();
  resume = () => this.process.resume();
  stop = () => this.process.stop();

  /** @param lines that its configuration has from now on, besides those of its start. */
  async restart(lines: readonly string[] = []): Promise<void> {
    write(this.process.folder, [...this.configuration, ...lines]);
    await this.process.restart();
  }
}

function write(folder: string, lines: readonly string[]): void {
  writeFileSync(join(folder, 'redis.conf'), `${[...lines, `dir ${folder}`].join('\n')}\n`);
}
