import { UNPROVEN, type Fence } from './fence';
import type { RedisCommand } from './redis-link';
import { isElsewhere } from './redis-replies';
import { encode, Sendable, textOf } from './sendable';

/** Commands that are written in one piece, and answered in their order. */
export interface Batch {
  readonly calls: Call[];
  /** The first of its reads, and how many there are. */
  read: Call | undefined;
  reads: number;
  /** Before its reads, unless the only one proves itself. */
  fence: Fence | undefined;
  /** On the monotonic clock; Infinity until then. */
  sentAt: number;
  unanswered: number;
  /** What was written after it. */
  next: Batch | undefined;
}

export type Settle = (reply: unknown) => void;
/** @param sentAt on the monotonic clock. */
export type Fail = (error: Error, sentAt: number) => void;

/** Who sends calls, and hears of them. */
export interface Sender {
  /** The reply to a call of the batch is here. @returns why it is not believed. */
  answered(batch: Batch): Error | undefined;
  /** The server did not say whether it is a primary: the read has to be sent again. */
  unproven(read: Call): void;
}

/** A command whose reply somebody waits for. */
export class Call extends Sendable {
  declare batch: Batch;
  isAscii = true;
  private provesItself = false;

  constructor(
    private readonly command: RedisCommand,
    readonly isRead: boolean,
    private readonly sender: Sender,
    private readonly settle: Settle,
    private readonly fail: Fail,
  ) {
    super(command[0].toLowerCase());
  }

  /** A GET that only a primary takes (GETEX, Redis 6.2), which needs no fence. @returns whether it is one. */
  proveItself(): boolean {
    this.provesItself = this.name === 'get';
    return this.provesItself;
  }

  toWritable(): string {
    const { text, isAscii } = encode(this.provesItself ? ['GETEX', ...this.command.slice(1)] : this.command);
    this.isAscii = isAscii;
    return text;
  }

  resolve(reply: unknown): void {
    const doubt = this.sender.answered(this.batch) ?? this.refusal;
    if (doubt) this.refuse(doubt);
    else this.settle(textOf(reply));
  }

  reject(error: Error): void {
    const doubt = this.sender.answered(this.batch) ?? this.refusal;
    this.refuse(doubt ?? (this.provesItself && !isAnswer(error) ? UNPROVEN : error));
  }

  private get refusal(): Error | undefined {
    return this.isRead ? this.batch.fence?.refusal : undefined;
  }

  private refuse(error: Error): void {
    if (error !== UNPROVEN) return this.fail(error, this.batch.sentAt);
    this.provesItself = false;
    this.sender.unproven(this);
  }
}

/** Whether a GET would have failed with it, too. */
const isAnswer = (error: Error) => isElsewhere(error) || error.message.startsWith('WRONGTYPE ');
