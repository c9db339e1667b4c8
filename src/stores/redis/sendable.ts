import type { RedisCommand } from './redis-link';

const CRLF = '\r\n';
const NONE: readonly string[] = [];

/**
 * What ioredis 5 asks of a command that it sends, and no more: its own Command takes as long as all the rest of a call.
 * What is traced is measured by its caller; values are nobody's business in errors, so there are no arguments.
 */
export abstract class Sendable {
  /** @param name in small letters: ioredis would make them small four times. */
  constructor(readonly name: string) {}

  get args(): readonly string[] {
    return NONE;
  }

  get isTraced(): true {
    return true;
  }

  /** Once it is written: whether every character is one byte, so that the text need not be encoded. */
  abstract readonly isAscii: boolean;
  abstract toWritable(): string;
  /** @param reply Buffer, number, null, or an array of them. */
  abstract resolve(reply: unknown): void;
  abstract reject(error: Error): void;
}

export interface Encoded {
  text: string;
  isAscii: boolean;
}

/** As the protocol has it (RESP 2). */
export function encode(command: RedisCommand): Encoded {
  let text = `*${command.length}${CRLF}`;
  let isAscii = true;
  for (const word of command) {
    const argument = `${word}`;
    const bytes = Buffer.byteLength(argument);
    if (bytes !== argument.length) isAscii = false;
    text += `$${bytes}${CRLF}${argument}${CRLF}`;
  }
  return { text, isAscii };
}

/** @returns the reply with text in the place of bytes. */
export function textOf(reply: unknown): unknown {
  if (Buffer.isBuffer(reply)) return reply.toString();
  return Array.isArray(reply) ? reply.map(textOf) : reply;
}
