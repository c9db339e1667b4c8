import type { Clock } from '../core/clock';
import { describe, GuardError } from '../core/errors';
import type { Log } from '../core/log';
import { createWaker } from '../core/waker';
import type { Metrics } from '../metrics/metrics';
import type { AdoptedSend, SendStore } from '../stores/send-store';
import type { Adopt } from './adoption';
import type { Journal } from './journal';
import { isRepeatable } from './judge';
import { chatKey, chatOf, instanceOf } from './send-request';
import { inSurroundings, type Turn } from './turn';

/** An instance that this process has loaded. */
export interface LoadedInstance {
  name: string;
  /** Whether its channel could send now. */
  isOpen: boolean;
}

/** Ids are made when the place in the queue is taken; rows are written somewhat later. */
const byAcceptance = (a: AdoptedSend, b: AdoptedSend) => (a.sendId < b.sendId ? -1 : 1);

export interface RecoveryOptions {
  store: Pick<SendStore, 'enlist' | 'resign'> & { adopt: Adopt };
  journal: Journal;
  owner: string;
  /** What people are told about this process: host name and pid. */
  about: string;
  instances: () => readonly LoadedInstance[];
  openTurn: (instance: string, chat: string, options: { isHigh: true; isOwed: true }) => Turn;
  /** Calls the host's method that the send was made with, which leads back to the guard. */
  repeat: (send: AdoptedSend) => Promise<unknown>;
  /** Told how a send that was taken over came out: the answer, or the error, that the host's method ended with. */
  ended: (send: AdoptedSend, ending: { result: unknown } | { error: unknown }) => Promise<void>;
  clock: Clock;
  log: Log;
  metrics: Pick<Metrics, 'sendsResumed' | 'sendsEnded'>;
}

/** How often this process says that it is there, and after how long without that it counts as gone. */
const [HEARTBEAT_MS, EXPIRY_MS] = [4_000, 15_000];
/** Of one look, and at most in memory while instances are not connected. */
const MOST_SENDS = 1_000;
/** Of one look. */
const MOST_BYTES = 64 * 1024 * 1024;
/** Who waits for another process's send may ask for a look this often. */
const SOONEST_MS = 500;

/**
 * Finishes what processes that are gone have left in the journal: sends it, with the same id, before anything newer of its
 * chat; or says that nobody knows.
 */
export class Recovery {
  private readonly stopping = new AbortController();
  private readonly waker = createWaker();
  /** By chat, in the order of acceptance: whoever has the chat's turn makes these first. */
  private readonly owed = new Map<string, AdoptedSend[]>();
  /** Chats in whose queue a turn waits for that. */
  private readonly queued = new Set<string>();
  /** Ids of sends that could not even begin, as locks or journal are away: they are made later. */
  private readonly putOffs = new Set<string>();
  /** By instance that is not connected. */
  private readonly parked = new Map<string, AdoptedSend[]>();
  private running: Promise<void> = Promise.resolve();
  /** Ends of sends that nobody makes again. */
  private readonly unwritten = new Set<() => Promise<void>>();
  /** The look that is under way, or the last one. */
  private looking: Promise<void> = Promise.resolve();
  private lookedAt = Number.NEGATIVE_INFINITY;

  constructor(private readonly options: RecoveryOptions) {}

  /** Resolves after the first look, or its failure. */
  async start(): Promise<void> {
    await this.look();
    this.running = this.run();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    this.waker.wake();
    await this.running;
  }

  /** Lets other processes, or the next start, have what is open. */
  async resign(): Promise<void> {
    await this.options.store.resign(this.options.owner).catch((error: unknown) => {
      this.options.log.warn(
        { detail: describe(error) },
        'the journal will learn of the end of this process by silence',
      );
    });
  }

  /** Looks soon: a process that holds somebody up may be gone. */
  nudge(): void {
    if (this.options.clock.monotonic() - this.lookedAt > SOONEST_MS) this.waker.wake();
  }

  /** Brings what waited for this instance's connection into its chats, ahead of what comes now. */
  release(instance: string): void {
    const sends = this.parked.get(instance);
    if (!sends || !this.options.instances().some(({ name, isOpen }) => name === instance && isOpen)) return;
    this.parked.delete(instance);
    for (const send of sends) this.owe(send);
  }

  /** Whether something goes first in a chat, what is being taken over at this moment included. */
  async isOwing(key: string): Promise<boolean> {
    await this.looking;
    return this.owed.has(key);
  }

  /** Makes what goes first in a chat. Its turn is the caller's. */
  async settle(key: string): Promise<void> {
    // Its connection may have come back since the last look, for a send that was tried again among others.
    this.release(instanceOf(key));
    for (let next = this.next(key); next && !this.stopping.signal.aborted; next = this.next(key)) {
      await this.repeat(next, key);
      if (!this.putOffs.delete(next.sendId)) continue;
      this.owed.set(key, [next, ...(this.owed.get(key) ?? [])]);
      return;
    }
  }

  /** Told that a send that was taken over could not begin: it keeps its place, for the next look or the next send. */
  putOff(sendId: string): void {
    this.putOffs.add(sendId);
  }

  private next(key: string): AdoptedSend | undefined {
    const sends = this.owed.get(key);
    const next = sends?.shift();
    if (sends?.length === 0) this.owed.delete(key);
    return next;
  }

  private async run(): Promise<void> {
    while (!this.stopping.signal.aborted) {
      await this.waker.wait(HEARTBEAT_MS, this.stopping.signal);
      if (!this.stopping.signal.aborted) await this.look();
    }
  }

  private look(): Promise<void> {
    this.looking = this.adopt();
    return this.looking;
  }

  private async adopt(): Promise<void> {
    const { store, owner, about, instances, clock, log, metrics } = this.options;
    this.lookedAt = clock.monotonic();
    try {
      await store.enlist(owner, about, EXPIRY_MS);
      for (const end of this.unwritten) await this.write(end);
      const loaded = instances();
      for (const { name } of loaded) this.release(name);
      for (const key of this.owed.keys()) this.queue(key);
      const room = MOST_SENDS - [...this.parked.values()].reduce((sum, { length }) => sum + length, 0);
      if (room <= 0 || loaded.length === 0) return;
      const adopted = await this.takeOver(loaded.map(({ name }) => name), room); // prettier-ignore
      if (adopted.length === 0) return;
      metrics.sendsResumed.inc(adopted.length);
      log.warn({ sends: adopted.length }, 'sends of a process that is gone were taken over');
      for (const send of adopted.sort(byAcceptance)) this.takeUp(send);
    } catch (error) {
      log.warn({ detail: describe(error) }, 'the journal could not be searched for sends that were left; tried again');
    }
  }

  /** All of it before the first is made: the database gives it in pieces, and a later one may hold what goes first. */
  private async takeOver(names: readonly string[], room: number): Promise<AdoptedSend[]> {
    const { store, owner } = this.options;
    const all: AdoptedSend[] = [];
    for (let bytes = 0; all.length < room && bytes < MOST_BYTES;) {
      const piece = await store.adopt(owner, names, room - all.length).catch((error: unknown) => {
        if (all.length === 0) throw error;
        return []; // the next look finds the rest
      });
      if (piece.length === 0) break;
      all.push(...piece);
      bytes += piece.reduce((sum, { body }) => sum + (body?.length ?? 0), 0);
    }
    return all;
  }

  private takeUp(send: AdoptedSend): void {
    if (send.state === 'sending' && !isRepeatable(send)) return this.giveUp(send, 'GUARD_SENDS_UNKNOWN', 'unknown');
    if (!send.body) return this.giveUp(send, 'GUARD_SENDS_NOT_KEPT', 'failed');
    const parked = this.parked.get(send.instance) ?? [];
    this.parked.set(send.instance, [...parked, send]);
    this.release(send.instance);
  }

  private giveUp(send: AdoptedSend, code: 'GUARD_SENDS_UNKNOWN' | 'GUARD_SENDS_NOT_KEPT', state: 'unknown' | 'failed') {
    const { journal, log, metrics, ended } = this.options;
    const error = new GuardError(code, `Send ${send.sendId} of ${send.instance}.`);
    log.error({ code }, error.message);
    metrics.sendsEnded.inc({ outcome: state });
    const outcome = { sendId: send.sendId, state, error: error.message };
    const write = async () => {
      await journal.finish(outcome);
      this.unwritten.delete(write);
      await ended(send, { error });
    };
    this.unwritten.add(write);
    void this.write(write);
  }

  /** A failure is repeated with the next look: until it is written, other processes wait for this send. */
  private async write(end: () => Promise<void>): Promise<void> {
    await end().catch((error: unknown) => {
      this.options.log.warn({ detail: describe(error) }, 'the end of a send is not in the journal yet');
    });
  }

  private owe(send: AdoptedSend): void {
    const key = chatKey(send.instance, send.chat);
    this.owed.set(key, [...(this.owed.get(key) ?? []), send]);
    this.queue(key);
  }

  /** Makes what goes first in a chat when its turn comes, if nobody has done so by then. */
  private queue(key: string): void {
    if (this.queued.has(key)) return;
    this.queued.add(key);
    const turn = this.options.openTurn(instanceOf(key), chatOf(key), { isHigh: true, isOwed: true });
    const settling = turn.run(() => this.settle(key));
    void settling.finally(() => {
      this.queued.delete(key);
      return turn.end();
    });
  }

  private async repeat(send: AdoptedSend, key: string): Promise<void> {
    const { repeat, ended, log } = this.options;
    const within = { key, isUnderWay: true };
    const around = { caller: send.caller, isHigh: true, within, resumed: send };
    const ending = await inSurroundings(around, () => repeat(send)).then(
      (result) => ({ result }),
      (error: unknown) => ({ error }),
    );
    within.isUnderWay = false;
    if (this.putOffs.has(send.sendId)) return;
    if ('error' in ending)
      log.warn({ sendId: send.sendId, detail: describe(ending.error) }, 'a send was resumed and failed');
    await ended(send, ending).catch((cause: unknown) => {
      log.warn({ detail: describe(cause) }, 'the answer of a resumed send is not stored');
    });
  }
}
