import type Redis from 'ioredis';
import type { Clock } from '../../core/clock';
import { GuardError } from '../../core/errors';
import type { RedisServer } from '../../core/redis-place';
import type { Fail, Settle } from './call';
import { CommandWriter } from './command-writer';
import type { RedisCommand } from './redis-link';

/**
 * An answer that took longer is not believed: a server that stood still for so long may have been replaced meanwhile, and
 * tells what was true before. Below the shortest time in which a fail-over is done (Sentinel's down-after-milliseconds and
 * cluster-node-timeout are seconds).
 */
export const BELIEVED_MS = 500;

/** An open connection to a primary, which is given up as a whole when an answer is late: those behind it are later still. */
export class PrimaryConnection {
  private readonly writer: CommandWriter;
  private watch: NodeJS.Timeout | undefined;

  constructor(
    readonly client: Redis,
    readonly server: RedisServer,
    fenceKey: string,
    private readonly limitMs: number,
    private readonly clock: Clock,
  ) {
    this.writer = new CommandWriter({ client, fenceKey, believedMs: BELIEVED_MS, clock });
  }

  /** @param fail gets what CommandWriter tells it. */
  put(command: RedisCommand, isRead: boolean, settle: Settle, fail: Fail): void {
    this.watch ??= setInterval(() => this.look(), this.limitMs / 20);
    this.writer.send(command, isRead, settle, fail);
  }

  /**
   * @param replicas that must have it.
   * @throws what CommandWriter tells, and GuardError GUARD_CACHE_REPLICAS.
   */
  async send(command: RedisCommand, isRead: boolean, replicas = 0): Promise<unknown> {
    if (replicas === 0) return this.ask(command, isRead);
    // WAIT speaks of what its own connection has written before.
    const [reply, had] = await Promise.all([
      this.ask(command, isRead),
      this.ask(['WAIT', replicas, BELIEVED_MS / 2], false),
    ]);
    if (Number(had) >= replicas) return reply;
    throw new GuardError('GUARD_CACHE_REPLICAS', `${command[0]}: ${Number(had)} of ${replicas} have it.`);
  }

  close(): void {
    clearInterval(this.watch);
    this.client.disconnect();
    // It would wait for the other side, which may stand still.
    this.client.stream.destroy();
  }

  private ask(command: RedisCommand, isRead: boolean): Promise<unknown> {
    return new Promise((resolve, reject) => this.put(command, isRead, resolve, reject));
  }

  /** Ends the connection where its oldest command has waited so long that its answer would not be believed, or come too late. */
  private look(): void {
    const { oldest } = this.writer;
    if (oldest === undefined) {
      clearInterval(this.watch);
      this.watch = undefined;
      return;
    }
    if (this.clock.monotonic() - oldest < Math.min(BELIEVED_MS, this.limitMs * 0.9)) return;
    // This process may have stood still, not the server: what has arrived meanwhile is read first.
    setImmediate(() => {
      if (this.writer.oldest === oldest) this.close();
    });
  }
}
