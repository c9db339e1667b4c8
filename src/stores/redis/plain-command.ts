import type { RedisCommand } from './redis-link';

const CRLF = '\r\n';
const NONE: readonly string[] = [];

/**
 * What ioredis 5 asks of a command that it sends, and no more: its own Command takes as long as all the rest of a call.
 * `args` are for messages of errors, where values are nobody's business; what is not traced is measured by its caller.
 */
export abstract class PlainCommand {
  readonly name: string;
  readonly args = NONE;
  readonly isTraced = true;
  readonly promise = undefined;
  /** As the protocol has it (RESP 2). */
  readonly text: string;
  /** One byte for each character: such a text need not be encoded. */
  readonly isAscii: boolean;

  constructor(command: RedisCommand) {
    let text = `*${command.length}${CRLF}`;
    let isAscii = true;
    for (const each of command) {
      const argument = `${each}`;
      const bytes = Buffer.byteLength(argument);
      if (bytes !== argument.length) isAscii = false;
      text += `$${bytes}${CRLF}${argument}${CRLF}`;
    }
    this.name = command[0];
    this.text = text;
    this.isAscii = isAscii;
  }

  toWritable(): string {
    return this.text;
  }

  /** @param reply Buffer, number, null, or an array of them. */
  abstract resolve(reply: unknown): void;
  abstract reject(error: Error): void;
}

/** @returns the reply with text in the place of bytes. */
export function textOf(reply: unknown): unknown {
  if (Buffer.isBuffer(reply)) return reply.toString();
  return Array.isArray(reply) ? reply.map(textOf) : reply;
}
