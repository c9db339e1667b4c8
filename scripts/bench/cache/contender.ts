import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Order, Reply, RoundResult, Task } from './task';

/**
 * A way to the cache in a process of its own, which rests while others work: what one leaves to the garbage collector, the
 * other does not pay for.
 */
export class Contender {
  private constructor(private readonly child: ChildProcess) {}

  /** @param profile folder for its CPU profile. */
  static async start(task: Task, redisUrl: string, profile: string | undefined): Promise<Contender> {
    const contender = new Contender(
      fork(join(__dirname, 'contender-child.js'), {
        execArgv: profile ? ['--cpu-prof', '--cpu-prof-dir', profile] : [],
        // Its standard output would come between the lines of ours.
        stdio: ['ignore', 2, 2, 'ipc'],
      }),
    );
    await contender.tell({ start: task, redisUrl });
    return contender;
  }

  async round(roundMs: number): Promise<RoundResult> {
    return (await this.tell({ roundMs })) as RoundResult;
  }

  async stop(): Promise<void> {
    const exit = once(this.child, 'exit');
    this.child.disconnect();
    await exit;
  }

  private tell(order: Order): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const ended = (code: number | null) => reject(new Error(`a contender ended early, with ${code}`));
      this.child.once('exit', ended);
      this.child.once('message', (reply: Reply) => {
        this.child.off('exit', ended);
        if ('error' in reply) reject(new Error(reply.error));
        else resolve(reply);
      });
      this.child.send(order);
    });
  }
}
