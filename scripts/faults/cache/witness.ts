import Redis from 'ioredis';
import { setTimeout as sleep } from 'node:timers/promises';
import { fieldsOf } from '../../services/ask-redis';
import type { RedisServer } from '../../services';
import { itemsIn, seqIn } from './items';
import { now, type Execution, type Reign } from './record';

/** How often servers are asked what their replicas have. */
const LOOK_MS = 100;
const CONFIRM_MS = 200;
const AGAIN_MS = 5;
const DELETES = ['del', 'unlink', 'hdel'];

/**
 * What the servers themselves have to say: which writes each has executed as a primary (MONITOR), and until when all that it
 * had executed was on all its replicas as well (WAIT, which on any connection speaks of all that was executed before). So it is
 * known of every single write whether Redis has ever had it, and whether it was Redis that lost it.
 */
export class Witness {
  readonly executions: Execution[] = [];
  private readonly ends: (() => void)[] = [];
  private isOver = false;

  /**
   * @param replicas of each primary when nothing is broken: so many must have a write before Redis may not lose it any more.
   */
  constructor(
    private readonly members: readonly RedisServer[],
    private readonly replicas: number,
  ) {}

  /** Resolves when nothing more can be missed. */
  async start(): Promise<void> {
    await Promise.all(this.members.map((member) => this.watch(member)));
  }

  stop(): void {
    this.isOver = true;
    for (const end of this.ends) end();
  }

  private async watch(member: RedisServer): Promise<void> {
    const options = { retryStrategy: () => AGAIN_MS, maxRetriesPerRequest: 0, enableOfflineQueue: false };
    const tenure = new Tenure(member.port);
    const monitor = new Redis(member.url, { ...options, monitor: true });
    const client = new Redis(member.url, options);
    for (const each of [monitor, client]) each.on('error', () => undefined); // it is away: that is the point
    monitor.on('monitor', (_at: string, words: string[], from: string) => {
      if (!this.isLink(from)) this.note(words, tenure.reign);
    });
    this.ends.push(() => {
      for (const each of [monitor, client]) each.disconnect();
    });
    const isMonitoring = new Promise((resolve) => monitor.once('monitoring', resolve));
    const isReady = new Promise((resolve) => client.once('ready', resolve));
    await Promise.all([isMonitoring, isReady]);
    void this.look(client, tenure);
  }

  private async look(client: Redis, tenure: Tenure): Promise<void> {
    for (; !this.isOver; await sleep(LOOK_MS)) {
      try {
        const fields = fieldsOf(await client.info('replication'));
        tenure.saw(fields.get('role') === 'master' ? fields.get('master_replid') : undefined);
        if (!tenure.isPrimary) continue;
        const { reign } = tenure;
        const asked = now();
        const confirmed = await client.wait(this.replicas, CONFIRM_MS);
        if (confirmed >= this.replicas) reign.confirmedUntil = asked;
      } catch {
        // It is down, asleep, or a replica by now. What it has not confirmed is not confirmed.
      }
    }
  }

  /** A replica is passed its primary's commands on a connection from the other's port. */
  private isLink(from: string): boolean {
    return this.members.some(({ port }) => from.endsWith(`:${port}`));
  }

  private note(words: readonly string[], reign: Reign): void {
    const text = words.join(' ');
    const seq = seqIn(text);
    if (seq === undefined && !DELETES.includes(words[0]?.toLowerCase() ?? '')) return;
    for (const item of itemsIn(text)) this.executions.push({ item, seq, reign, at: now() });
  }
}

/** When one server was a primary. */
class Tenure {
  /** The one that is, or the next one: a server that executes a write has become the primary, seen or not. */
  reign: Reign;
  /** Of its stream of replication. A replica that becomes the primary begins another one. */
  private id: string | undefined;

  constructor(private readonly port: number) {
    this.reign = this.next();
  }

  get isPrimary(): boolean {
    return this.id !== undefined;
  }

  /** @param id of a primary. */
  saw(id: string | undefined): void {
    if (this.id !== undefined && this.id !== id) this.reign = this.next();
    this.id = id;
  }

  private next(): Reign {
    return { port: this.port, confirmedUntil: -Infinity };
  }
}
