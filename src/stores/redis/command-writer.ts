import type { Command, Redis } from 'ioredis';
import type { Clock } from '../../core/clock';
import { Call, type Batch, type Fail, type Sender, type Settle } from './call';
import { Fences } from './fence';
import type { RedisCommand } from './redis-link';
import type { Sendable } from './sendable';

export interface WriterOptions {
  /**
   * It is open, refuses commands when it is not (`enableOfflineQueue: false`), sends none twice (`retryStrategy: () => null`),
   * and has no `commandTimeout`.
   */
  client: Redis;
  fenceKey: string;
  /** Milliseconds; an answer that took longer is an error. */
  believedMs: number;
  clock: Clock;
}

/**
 * Writes the commands of one turn of the event loop in one piece, instead of a packet and a system call for each. Each is
 * settled as its own reply arrives. Reads have a fence before them: they fail where the server is no primary; writes fail
 * there by themselves. How many calls wait is up to those who make them.
 */
export class CommandWriter implements Sender {
  private batch: Batch | undefined;
  /** Those that are not answered yet, oldest first. */
  private first: Batch | undefined;
  private last: Batch | undefined;
  private readonly fences: Fences;
  /** Until the server knows no GETEX, or answers it with something that tells nothing about its role. */
  private readsProveThemselves = true;
  /** When the replies came that are being read, on the monotonic clock; nothing in between. */
  private arrivedAt: number | undefined;
  /** What the client has taken of the batch that is being written. */
  private text = '';
  private readonly sink = { write: (text: string) => (this.text += text) };

  constructor(private readonly options: WriterOptions) {
    this.fences = new Fences(options.fenceKey);
  }

  /** When the oldest command was sent that has no answer yet, on the monotonic clock. */
  get oldest(): number | undefined {
    return this.first?.sentAt;
  }

  /**
   * @param isRead whether a replica would answer it too.
   * @param settle gets text, a number, null, or an array of them.
   * @param fail gets a ReplyError as the server answered, to a read also what it answered to the fence; an Error where the
   *   answer came late, or the connection is gone.
   */
  send(command: RedisCommand, isRead: boolean, settle: Settle, fail: Fail): void {
    this.add(new Call(command, isRead, this, settle, fail));
  }

  answered(batch: Batch): Error | undefined {
    batch.unanswered -= 1;
    while (this.first?.unanswered === 0) this.first = this.first.next;
    if (this.arrivedAt === undefined) {
      this.arrivedAt = this.options.clock.monotonic();
      // Behind all replies that came with this one.
      void now.then(this.allRead);
    }
    const isLate = this.arrivedAt - batch.sentAt > this.options.believedMs;
    return isLate ? new Error('the answer came late') : undefined;
  }

  unproven(read: Call): void {
    if (!read.batch.fence) this.readsProveThemselves = false;
    this.add(read);
  }

  private add(call: Call): void {
    const batch = (this.batch ??= this.begin());
    call.batch = batch;
    batch.calls.push(call);
    batch.unanswered += 1;
    if (!call.isRead) return;
    batch.read ??= call;
    batch.reads += 1;
  }

  private begin(): Batch {
    process.nextTick(this.write);
    return { calls: [], read: undefined, reads: 0, fence: undefined, sentAt: Infinity, unanswered: 0, next: undefined };
  }

  private readonly write = (): void => {
    const { batch } = this;
    const { client, clock } = this.options;
    if (!batch) return;
    this.batch = undefined;
    batch.sentAt = clock.monotonic();
    if (this.first && this.last) this.last.next = batch;
    else this.first = batch;
    this.last = batch;
    let isAscii = true;
    if (batch.read && !this.provesItself(batch.read)) {
      batch.fence = this.fences.next();
      isAscii = this.hand(batch.fence);
    }
    for (const call of batch.calls) isAscii = this.hand(call) && isAscii;
    if (this.text === '') return;
    client.stream.write(this.text, isAscii ? 'latin1' : 'utf8');
    this.text = '';
  };

  private provesItself(read: Call): boolean {
    return read.batch.reads === 1 && this.readsProveThemselves && read.proveItself();
  }

  /** @returns whether its text is ASCII. */
  private hand(command: Sendable): boolean {
    this.options.client.sendCommand(command as unknown as Command, this.sink as unknown as Redis['stream']);
    return command.isAscii;
  }

  private readonly allRead = (): void => {
    this.arrivedAt = undefined;
  };
}

const now = Promise.resolve();
