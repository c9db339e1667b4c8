import { ReplyError } from 'ioredis';
import { PlainCommand, textOf } from './plain-command';
import { isElsewhere } from './redis-replies';

/**
 * A command before reads that tells whether their answers come from a primary. One before them is enough: a server works
 * through what one client sends in its order, and the answer to each read is parsed when that to the fence has been. Who is
 * made a replica right behind the fence had the data of a primary until then; how long ago that may be is up to the
 * time that the caller believes an answer for.
 */
export abstract class Fence extends PlainCommand {
  /** Set before any read behind it is answered: why none of them stands. */
  refusal: Error | undefined;
  /** The server did not say what it is: the reads are to be sent again, behind another fence. */
  isUnproven = false;
}

/** Makes a fence for each batch of one connection. */
export class Fences {
  private asksRole = false;

  constructor(private readonly key: string) {}

  next(): Fence {
    return this.asksRole ? new RoleFence() : new WriteFence(this.key, () => (this.asksRole = true));
  }
}

/** Deletes a field that is not there: nothing is changed and nothing replicated, and a replica refuses it all the same. */
class WriteFence extends Fence {
  constructor(
    key: string,
    private readonly unproven: () => void,
  ) {
    super(['HDEL', key, 'x']);
  }

  resolve(): void {
    // It was taken.
  }

  reject(error: Error): void {
    // Only a primary counts its replicas (min-replicas-to-write).
    if (error instanceof ReplyError && error.message.startsWith('NOREPLICAS ')) return;
    if (isElsewhere(error)) {
      this.refusal = error;
      return;
    }
    // MISCONF above all, of a disk that fails: a replica answers that too (Redis 7), and before it says READONLY.
    this.isUnproven = true;
    this.unproven();
  }
}

/** What a server says that takes no writes, whoever it is. Longer to answer, and not allowed to every user. */
class RoleFence extends Fence {
  constructor() {
    super(['ROLE']);
  }

  resolve(reply: unknown): void {
    const [role] = textOf(reply) as [unknown];
    if (role !== 'master') this.refusal = new Error(`the server is no primary: ROLE ${String(role)}`);
  }

  reject(error: Error): void {
    this.refusal = error;
  }
}
