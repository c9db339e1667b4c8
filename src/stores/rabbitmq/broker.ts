import { connect, type ChannelModel, type RecoveringChannelModel } from 'amqplib';
import { backoffMs, type Random } from '../../core/backoff';
import type { Clock } from '../../core/clock';
import { describe, GuardError } from '../../core/errors';
import type { Log } from '../../core/log';
import { sleep } from '../../core/sleep';
import type { Metrics } from '../../metrics/metrics';
import { parseAddress } from './address';
import { joinWrites } from './joined-writes';
import { Publisher, type BrokerLimits } from './publisher';
import { Topology } from './topology';

export interface BrokerOptions {
  uri: string;
  frameMax: number;
  log: Log;
  clock: Clock;
  random: Random;
  metrics: Pick<Metrics, 'brokerConnected' | 'brokerConnects' | 'brokerBlocked'>;
}

/** A confirm channel and the topology declared on its connection. */
export interface Session {
  publisher: Publisher;
  topology: Topology;
  /** The channel or its connection is gone. */
  closed: boolean;
}

const CONNECT_TIMEOUT_MS = 10_000;
/** A broker that came back is found within this time. */
const MOST_DELAY_MS = 5_000;
/** How soon after being asked to close a broker that does not answer is left behind. */
const CLOSE_TIMEOUT_MS = 2_000;
/** A channel that lasted this long has worked: the next one need not be waited for. */
const LASTING_MS = 10_000;

/** The connection to RabbitMQ: opened again for ever, with backoff and jitter, never before the last one is gone. */
export class Broker {
  private connection: RecoveringChannelModel | undefined;
  private readonly stopping = new AbortController();
  private readonly mismatches = new Set<string>();
  private readonly limits: BrokerLimits = { maxMessageBytes: Infinity };
  private session: Session | undefined;
  /** The broker has run short of memory or disk, and reads nothing more from those who publish. */
  private blocked = false;
  private waiting: ((session: Session) => void)[] = [];
  /** What the last attempt died of, while there is no session. */
  lastError: GuardError | undefined;

  constructor(private readonly options: BrokerOptions) {}

  get connected(): boolean {
    return this.session !== undefined;
  }

  /** The session that takes messages right now, if there is one. */
  get current(): Session | undefined {
    return this.blocked ? undefined : this.session;
  }

  async start(): Promise<void> {
    const { uri, frameMax, random, log } = this.options;
    const connection = await connect(parseAddress(uri, frameMax), {
      timeout: CONNECT_TIMEOUT_MS,
      keepAlive: true,
      noDelay: true,
      clientProperties: { connection_name: 'evolution-guard' },
      recovery: {
        waitForConnect: false,
        calculateDelay: (attempt) => backoffMs(attempt - 1, random, 100, MOST_DELAY_MS),
      },
    });
    this.connection = connection;
    connection.on('connect', (model) => void this.serve(model));
    connection.on('disconnect', (error) => this.fail(error));
    connection.on('connect-failed', (error) => this.fail(error));
    // Followed by 'disconnect', which reports it; without a listener it would end the process.
    connection.on('error', (error) => log.debug({ detail: describe(error) }, 'connection error'));
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    const closing = this.connection?.close();
    const patience = new AbortController();
    await Promise.race([closing, sleep(CLOSE_TIMEOUT_MS, patience.signal)]);
    patience.abort();
    this.options.metrics.brokerConnected.set(0);
  }

  /** The current session, or the next one, when it takes messages. Rejects only by the signal. */
  ready(signal: AbortSignal): Promise<Session> {
    if (this.current) return Promise.resolve(this.current);
    return new Promise((resolve, reject) => {
      const give = (session: Session) => {
        signal.removeEventListener('abort', leave);
        resolve(session);
      };
      const leave = () => {
        this.waiting = this.waiting.filter((other) => other !== give);
        reject(new Error('stopped while waiting for the broker', { cause: signal.reason }));
      };
      signal.addEventListener('abort', leave, { once: true });
      this.waiting.push(give);
    });
  }

  /** One confirm channel after another for as long as this connection lives. */
  private async serve(model: ChannelModel): Promise<void> {
    const { log, metrics, clock, random } = this.options;
    const lost = new Promise<'lost'>((resolve) => model.once('close', () => resolve('lost')));
    const topology = new Topology(model, log, this.mismatches);
    let alive = true;
    joinWrites(model);
    void lost.then(() => (alive = false));
    this.setBlocked(false);
    model.on('blocked', (reason) => this.setBlocked(true, reason));
    model.on('unblocked', () => this.setBlocked(false));
    metrics.brokerConnects.inc();
    for (let attempt = 0; alive && !this.stopping.signal.aborted; attempt += 1) {
      const since = clock.monotonic();
      try {
        const channel = await model.createConfirmChannel();
        channel.on('error', (error) => log.warn({ detail: describe(error) }, 'RabbitMQ closed the channel'));
        topology.forgetAll();
        const session = { publisher: new Publisher(channel, this.limits, clock), topology, closed: false };
        const ended = new Promise<void>((resolve) => {
          channel.on('close', () => {
            session.closed = true; // at once: whatever fails by it asks right after
            resolve();
          });
        });
        this.open(session);
        await ended;
        this.session = undefined;
        metrics.brokerConnected.set(0);
      } catch (error) {
        log.warn({ detail: describe(error) }, 'no channel could be opened');
      }
      if (clock.monotonic() - since > LASTING_MS) attempt = 0;
      if (alive) await Promise.race([lost, sleep(backoffMs(attempt, random), this.stopping.signal)]);
    }
  }

  private open(session: Session): void {
    this.session = session;
    this.lastError = undefined;
    this.options.metrics.brokerConnected.set(1);
    this.options.log.info('RabbitMQ is connected');
    this.giveSession();
  }

  private giveSession(): void {
    if (!this.session || this.blocked) return;
    for (const give of this.waiting.splice(0)) give(this.session);
  }

  private setBlocked(blocked: boolean, reason = ''): void {
    if (blocked === this.blocked) return;
    const { log, metrics } = this.options;
    this.blocked = blocked;
    metrics.brokerBlocked.set(blocked ? 1 : 0);
    if (blocked) {
      const error = new GuardError('GUARD_BROKER_BLOCKED', `${reason}.`);
      log.warn({ code: error.code }, error.message);
      return;
    }
    log.info('RabbitMQ takes messages again');
    this.session?.publisher.restartTimeouts();
    this.giveSession();
  }

  private fail(error: Error): void {
    this.session = undefined;
    this.options.metrics.brokerConnected.set(0);
    const next = asBrokerError(error);
    // One line for a kind of failure, not one for each attempt.
    if (this.lastError?.code !== next.code) this.options.log.error({ code: next.code }, next.message);
    this.lastError = next;
  }
}

/** RabbitMQ closes the socket in the handshake where it refuses the credentials, or answers 403 or 530 for the vhost. */
function asBrokerError(error: Error): GuardError {
  const text = describe(error);
  const refused = /ACCESS.REFUSED|NOT.ALLOWED|\b403\b|\b530\b|Handshake terminated/i.test(text);
  return new GuardError(refused ? 'GUARD_BROKER_REFUSED' : 'GUARD_BROKER_UNREACHABLE', `${text}.`, { cause: error });
}
