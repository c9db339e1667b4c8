import { ReplyError } from 'ioredis';
import { isElsewhere } from './redis-replies';
import { encode, Sendable, textOf, type Encoded } from './sendable';

/**
 * A command before reads that tells whether their answers come from a primary. One before them is enough: a server works
 * through what one client sends in its order, and the answer to each read is parsed when that to the fence has been. Who is
 * made a replica right behind the fence had the data of a primary until then; how long ago that may be is up to the
 * time that the caller believes an answer for.
 */
export abstract class Fence extends Sendable {
  /** Set before any read behind it is answered: why none of them stands. */
  refusal: Error | undefined;

  constructor(
    name: string,
    private readonly encoded: Encoded,
  ) {
    super(name);
  }

  get isAscii(): boolean {
    return this.encoded.isAscii;
  }

  toWritable(): string {
    return this.encoded.text;
  }
}

/** The refusal of a server that did not say what it is: the reads are to be sent again, behind another fence. */
export const UNPROVEN = new Error('the role of the server is not known');

/** Makes a fence for each batch of one connection. */
export class Fences {
  private readonly write: Encoded;
  private asksRole = false;

  constructor(key: string) {
    this.write = encode(['HDEL', key, 'x']);
  }

  next(): Fence {
    return this.asksRole ? new RoleFence() : new WriteFence(this.write, () => (this.asksRole = true));
  }
}

/** Deletes a field that is not there: nothing is changed and nothing replicated, and a replica refuses it all the same. */
class WriteFence extends Fence {
  constructor(
    encoded: Encoded,
    private readonly unproven: () => void,
  ) {
    super('hdel', encoded);
  }

  resolve(): void {
    // It was taken.
  }

  reject(error: Error): void {
    // Only a primary counts its replicas (min-replicas-to-write).
    if (error instanceof ReplyError && error.message.startsWith('NOREPLICAS ')) return;
    this.refusal = isElsewhere(error) ? error : UNPROVEN;
    // MISCONF above all, of a disk that fails: a replica answers that too (Redis 7), and before it says READONLY.
    if (this.refusal === UNPROVEN) this.unproven();
  }
}

const ROLE = encode(['ROLE']);

/** What a server says that takes no writes, whoever it is. Longer to answer, and not allowed to every user. */
class RoleFence extends Fence {
  constructor() {
    super('role', ROLE);
  }

  resolve(reply: unknown): void {
    const [role] = textOf(reply) as [unknown];
    if (role !== 'master') this.refusal = new Error(`the server is no primary: ROLE ${String(role)}`);
  }

  reject(error: Error): void {
    this.refusal = error;
  }
}
