import { describe } from '../../core/errors';
import type { Log } from '../../core/log';
import { sleep } from '../../core/sleep';
import type { Metrics } from '../../metrics/metrics';
import type { RedisLink } from '../../stores/redis/redis-link';
import type { CredentialWrites, WaitingCredentials } from './waiting-credentials';

export interface WriteBackOptions {
  link: Pick<RedisLink, 'state' | 'onChange'>;
  waiting: WaitingCredentials;
  writes: CredentialWrites;
  log: Log;
  metrics: Pick<Metrics, 'cacheWaiting'>;
}

const LOOK_EVERY_MS = 2_000;

/** Brings to Redis what waits on the disk: as soon as there is a primary, and every now and then while it takes some of it. */
export class WriteBack {
  private readonly stopping = new AbortController();
  private readonly endListening: () => void;
  private readonly looking: Promise<void>;

  constructor(private readonly options: WriteBackOptions) {
    this.endListening = options.link.onChange((isUp) => {
      if (isUp) void this.look();
    });
    this.looking = this.keepLooking();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    this.endListening();
    await this.looking;
    await this.options.waiting.save();
  }

  private async keepLooking(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      await this.look();
      await sleep(LOOK_EVERY_MS, signal);
    }
  }

  private async look(): Promise<void> {
    const { link, waiting, writes, log, metrics } = this.options;
    const { writes: left, unsaved } = waiting.size();
    metrics.cacheWaiting.set(left);
    if (left === 0) return;
    if (unsaved > 0) await waiting.save();
    if (!link.state().isUp) return;
    await waiting.drain(writes).catch((error: unknown) => {
      log.debug({ detail: describe(error) }, 'credentials wait on; they are written back later');
    });
    metrics.cacheWaiting.set(waiting.size().writes);
  }
}
