import { deserialize, serialize } from 'node:v8';
import { z } from 'zod';
import { newMessageId } from './baileys-door';
import { SEND_METHODS, type SendCall } from './send-call';

/** What a call says, in the words of the journal. */
export interface ReadSend {
  number: unknown;
  kind: string;
  textLength: number;
  messageId: string | undefined;
  body: Buffer | undefined;
}

/** Kinds of messages as their first telling key says, for people who read the journal. */
const KINDS: readonly (readonly [string, string])[] = [
  ['reactionMessage', 'reaction'],
  ['conversation', 'text'],
  ['template', 'template'],
  ['status', 'status'],
  ['poll', 'poll'],
  ['sticker', 'sticker'],
  ['audio', 'audio'],
  ['locationMessage', 'location'],
  ['contacts', 'contact'],
  ['listMessage', 'list'],
  ['buttons', 'buttons'],
  ['media', 'media'],
  ['mediaType', 'media'],
];

/**
 * @param keepMaxBytes beyond which a send is not kept, and so not resumed.
 * @param isReserving whether the channel's messages get the ids that are reserved for them.
 */
export function readSend({ method, args }: SendCall, keepMaxBytes: number, isReserving: boolean): ReadSend {
  const body = bodyOf({ method, args }, keepMaxBytes);
  if (method !== 'sendMessageWithTyping') {
    const data = (args[0] ?? {}) as { number?: unknown; remoteJid?: unknown; text?: unknown };
    const isEdit = method === 'updateMessage';
    const number = isEdit ? data.number : data.remoteJid;
    return { number, kind: isEdit ? 'edit' : 'delete', textLength: lengthOf(data.text), messageId: undefined, body };
  }
  const [number, given] = args;
  const message = (given ?? {}) as Record<string, unknown>;
  const kind = KINDS.find(([key]) => message[key] !== undefined)?.[1] ?? 'media';
  // The statuses of a channel go out in groups of receivers, of which only the later ones take an id.
  const isReserved = isReserving && kind !== 'status';
  return {
    number,
    kind,
    textLength: lengthOf(message['conversation']),
    messageId: isReserved ? newMessageId() : undefined,
    body,
  };
}

const lengthOf = (text: unknown) => (typeof text === 'string' ? text.length : 0);

/** Node's own binary form: it keeps buffers as bytes, as messages with media are full of them. */
function bodyOf(call: Pick<SendCall, 'method' | 'args'>, keepMaxBytes: number): Buffer | undefined {
  try {
    const body = serialize(call);
    return body.length <= keepMaxBytes ? body : undefined;
  } catch {
    return undefined; // a stream or a function among the arguments: it cannot outlive the process
  }
}

const keptCall = z.object({ method: z.enum(SEND_METHODS), args: z.array(z.unknown()) });

/** The call that a body was made of. @throws where it is none. */
export const readBody = (body: Buffer) => keptCall.parse(deserialize(body));
