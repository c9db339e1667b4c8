import { spawn, type ChildProcess } from 'node:child_process';
import { chownSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface User {
  uid: number;
  gid: number;
}

/** Owns the temporary folder of one server, and sees to it that neither folder nor server outlives this process. */
export class Keeper {
  readonly folder: string;
  readonly #process: ChildProcess;
  readonly #gone: Promise<void>;

  constructor(name: string, stopSignal: NodeJS.Signals, user?: User) {
    this.folder = mkdtempSync(join(tmpdir(), `evolution-guard-${name}-`));
    if (user) chownSync(this.folder, user.uid, user.gid);
    // Detached: the Ctrl-C that ends a test run goes to its whole process group.
    this.#process = spawn('sh', [join(__dirname, 'keeper.sh'), this.folder, stopSignal.replace('SIG', '')], {
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
    });
    this.#gone = new Promise((resolve) => this.#process.once('exit', () => resolve()));
  }

  watch(pid: number | undefined): void {
    this.#process.stdin?.write(`${pid ?? ''}\n`);
  }

  /** Ends what is still being watched and deletes the folder. */
  async release(): Promise<void> {
    this.#process.stdin?.end();
    await this.#gone;
  }
}
