import type { Command, Redis } from 'ioredis';
import { Fences, type Fence } from './fence';
import { PlainCommand, textOf } from './plain-command';
import type { RedisCommand } from './redis-link';

type Settle = (reply: unknown) => void;
type Fail = (error: Error) => void;

/**
 * Writes the commands of one turn of the event loop in one piece, instead of a packet and a system call for each. Each has
 * its own promise, which settles as its own reply arrives. Reads have a fence before them: they fail where the server is no
 * primary; writes fail there by themselves.
 *
 * The client must refuse commands while it is not open (`enableOfflineQueue: false`), send none twice
 * (`retryStrategy: () => null`), and have no `commandTimeout`. How many calls wait is up to those who make them.
 */
export class CommandWriter {
  private batch: PlainCommand[] = [];
  /** Of the batch, once it has a read. */
  private fence: Fence | undefined;
  private readonly fences: Fences;
  /** What the client has taken of the batch that is being written. */
  private text = '';
  private readonly sink = { write: (text: string) => (this.text += text) };

  constructor(
    private readonly client: Redis,
    fenceKey: string,
  ) {
    this.fences = new Fences(fenceKey);
  }

  /**
   * @param isRead whether a replica would answer it too.
   * @returns text, number, null, or an array of them.
   * @throws ReplyError as the server answered, to a read also what it answered to the fence; Error where the connection is
   *   gone.
   */
  submit(command: RedisCommand, isRead: boolean): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (isRead) this.addRead(new Read(command, resolve, reject, this.again));
      else this.add(new Write(command, resolve, reject));
    });
  }

  private readonly again = (read: Read): void => this.addRead(read);

  private addRead(read: Read): void {
    if (!this.fence) this.add((this.fence = this.fences.next()));
    read.fence = this.fence;
    this.add(read);
  }

  private add(command: PlainCommand): void {
    if (this.batch.push(command) === 1) process.nextTick(this.flush);
  }

  private readonly flush = (): void => {
    const { batch, client } = this;
    this.batch = [];
    this.fence = undefined;
    let isAscii = true;
    for (const command of batch) {
      isAscii &&= command.isAscii;
      client.sendCommand(command as unknown as Command, this.sink as unknown as Redis['stream']);
    }
    if (this.text === '') return;
    client.stream.write(this.text, isAscii ? 'latin1' : 'utf8');
    this.text = '';
  };
}

class Write extends PlainCommand {
  constructor(
    command: RedisCommand,
    private readonly settle: Settle,
    readonly reject: Fail,
  ) {
    super(command);
  }

  resolve(reply: unknown): void {
    this.settle(textOf(reply));
  }
}

class Read extends PlainCommand {
  declare fence: Fence;

  constructor(
    command: RedisCommand,
    private readonly settle: Settle,
    private readonly fail: Fail,
    private readonly again: (read: Read) => void,
  ) {
    super(command);
  }

  resolve(reply: unknown): void {
    const { refusal, isUnproven } = this.fence;
    if (isUnproven) this.again(this);
    else if (refusal) this.fail(refusal);
    else this.settle(textOf(reply));
  }

  reject(error: Error): void {
    if (this.fence.isUnproven) this.again(this);
    else this.fail(this.fence.refusal ?? error);
  }
}
