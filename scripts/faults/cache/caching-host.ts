import { join } from 'node:path';
import { JournalledProcess } from '../journalled-process';
import type { Assignment, Order } from './assignment';
import type { Line } from './record';

export interface HostOptions extends Assignment {
  /** Settings of the plugin and of the host. */
  environment: Readonly<Record<string, string>>;
  /** Where the process writes what it has to say. */
  log: string;
}

/** A host as the driver sees it: calls of its cache, and what became of them. */
export class CachingHost {
  private readonly process: JournalledProcess;

  /** @param read told of all that becomes of calls. */
  constructor(
    private readonly options: HostOptions,
    read: (line: Line) => void,
  ) {
    const program = join(__dirname, 'host-program.ts');
    this.process = new JournalledProcess({ ...options, program }, (line) => read(JSON.parse(line) as Line));
  }

  async start(): Promise<void> {
    const { stream, isStock, folder } = this.options;
    await this.process.start({ stream, isStock, folder } satisfies Assignment);
  }

  call(perSecond: number): void {
    this.process.order({ perSecond } satisfies Order);
  }

  /** Resolves when its calls have ended, and so has the process. */
  async stop(): Promise<void> {
    this.process.order({ stop: true } satisfies Order);
    await this.process.end();
  }

  async kill(): Promise<void> {
    await this.process.end('SIGKILL');
  }
}
