import type { Socket } from 'node:net';
import { createConnection, type Connection } from 'mariadb';
import { describe } from '../../core/errors';
import type { Log } from '../../core/log';
import { connectionOptions, openSocket } from './connection-options';
import { withoutStatement } from './errors';

export interface PoolOptions {
  uri: string;
  connections: number;
  log: Log;
}

interface Session {
  connection: Connection;
  socket: Socket;
  /** It did not answer in time. */
  abandoned?: boolean;
  /** Runs while nobody uses it. */
  idleTimer?: NodeJS.Timeout | undefined;
}

interface Waiter {
  take: (session: Session) => void;
  refuse: (error: unknown) => void;
  patience: NodeJS.Timeout;
}

/** How long statements may take before the server counts as gone (half-open TCP). */
const PATIENCE_MS = 30_000;
/** How long they may wait for a connection. */
const WAIT_MS = 5_000;
/** Shorter than the server's patience, which closes sessions with an error. */
const IDLE_MS = 20_000;

/**
 * The connections of the plugin. Not the driver's own pool: that keeps on trying by itself, with growing pauses, while its
 * caller waits; here every caller hears at once that the server is away, and has its own way to wait.
 */
export class MysqlPool {
  private readonly idle: Session[] = [];
  private readonly waiting: Waiter[] = [];
  /** Open, or being opened. */
  private sessions = 0;
  private closed = false;

  constructor(private readonly options: PoolOptions) {}

  /** Runs one statement, or several in one text. */
  query<T>(sql: string, values: readonly unknown[] = []): Promise<T> {
    return this.use((connection) => connection.query<T>(sql, values));
  }

  /**
   * Lends a connection. It must be given back outside of any transaction, or by an error.
   *
   * @throws StatementError; errors of the socket as they come.
   */
  async use<T>(work: (connection: Connection) => Promise<T>, patienceMs = PATIENCE_MS): Promise<T> {
    const session = await this.take();
    let patience: NodeJS.Timeout | undefined;
    const expired = new Promise<never>((_resolve, reject) => {
      patience = setTimeout(() => {
        this.abandon(session);
        reject(new Error(`no answer within ${patienceMs} ms`));
      }, patienceMs);
    });
    try {
      return await Promise.race([work(session.connection), expired]);
    } catch (error) {
      throw withoutStatement(error);
    } finally {
      clearTimeout(patience);
      this.giveBack(session);
    }
  }

  /** Called when nothing uses it any more. */
  async end(): Promise<void> {
    this.closed = true;
    const idle = this.idle.splice(0);
    for (const { idleTimer } of idle) clearTimeout(idleTimer);
    await Promise.all(idle.map(({ connection }) => connection.end().catch(() => undefined))); // gone either way
  }

  private async take(): Promise<Session> {
    const session = this.idle.pop();
    if (session) {
      clearTimeout(session.idleTimer);
      return session;
    }
    if (this.sessions < this.options.connections) return this.open();
    return new Promise((take, refuse) => {
      const waiter = { take, refuse, patience: setTimeout(() => this.turnAway(waiter), WAIT_MS) };
      this.waiting.push(waiter);
    });
  }

  private turnAway(waiter: Waiter): void {
    this.waiting.splice(this.waiting.indexOf(waiter), 1);
    waiter.refuse(new Error(`no connection was free within ${WAIT_MS} ms`));
  }

  private nextWaiter(): Waiter | undefined {
    const next = this.waiting.shift();
    clearTimeout(next?.patience);
    return next;
  }

  private async open(): Promise<Session> {
    this.sessions += 1;
    const { uri } = this.options;
    try {
      const socket = openSocket(uri);
      const stream = (ready?: (error?: Error, stream?: Socket) => void) => ready?.(undefined, socket);
      const connection = await createConnection({ ...connectionOptions(uri), stream }).catch((error: unknown) => {
        socket.destroy();
        throw error;
      });
      const session: Session = { connection, socket };
      connection.on('error', (error) => this.lost(session, error));
      return session;
    } catch (error) {
      this.free();
      throw withoutStatement(error);
    }
  }

  private giveBack(session: Session): void {
    if (session.abandoned) return this.free();
    if (!session.connection.isValid() || this.closed) return this.close(session);
    const next = this.nextWaiter();
    if (next) return next.take(session);
    session.idleTimer = setTimeout(() => {
      this.idle.splice(this.idle.indexOf(session), 1);
      this.close(session);
    }, IDLE_MS);
    this.idle.push(session);
  }

  /** A session that dies while it is used tells whoever uses it. */
  private lost(session: Session, error: Error): void {
    const place = this.idle.indexOf(session);
    if (place < 0) return;
    this.idle.splice(place, 1);
    this.close(session);
    this.options.log.warn({ detail: describe(withoutStatement(error)) }, 'an idle database connection was lost');
  }

  /** Without a word to the server, which would have to answer, and without an error: TLS has nobody left to hear it. */
  private abandon(session: Session): void {
    session.abandoned = true;
    session.socket.destroy();
    for (const other of this.idle.splice(0)) this.close(other); // likely as dead
  }

  private close(session: Session): void {
    clearTimeout(session.idleTimer);
    session.connection.end().catch(() => undefined); // gone either way
    this.free();
  }

  /** There is room for one more: whoever waits longest opens it. */
  private free(): void {
    this.sessions -= 1;
    const next = this.nextWaiter();
    if (next) this.open().then(next.take, next.refuse);
  }
}
