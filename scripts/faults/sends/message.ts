/** Channels as the host has them: Baileys takes the id that was reserved for a message, Meta's API gives one. */
export type Kind = 'baileys' | 'business';

export const INTEGRATIONS: Readonly<Record<Kind, string>> = {
  baileys: 'WHATSAPP-BAILEYS',
  business: 'WHATSAPP-BUSINESS',
};

/** One send of a scenario. */
export interface Message {
  /** Sends of one stream are asked for by one process at a time, in the order of their numbers. */
  stream: string;
  /** From 0, never given twice. */
  number: number;
  kind: Kind;
  /** The kind is the instance's name as well. */
  chat: string;
  /** How long it is typed, in milliseconds, before it leaves. */
  typingMs: number;
}

/** As many sends of a stream follow each other in one chat, as of a bot that answers in several messages. */
const RUN = 3;

/** Streams go round the same chats, so that processes meet there. */
export const chatOf = (number: number, chats: number) => Math.floor(number / RUN) % chats;

/** Every other chat is of the Business channel. */
export function messageOf(stream: string, number: number, chats: number, mostTypingMs: number): Message {
  const chat = chatOf(number, chats);
  return {
    stream,
    number,
    kind: chat % 2 === 0 ? 'baileys' : 'business',
    chat: `1203630000000${String(chat).padStart(5, '0')}@g.us`,
    typingMs: Math.round(Math.random() * mostTypingMs),
  };
}

export const encode = (message: Message): Buffer => Buffer.from(JSON.stringify(message));
export const decode = (body: Buffer): Message => JSON.parse(body.toString()) as Message;

/** A message as it reaches the channel. */
export interface Handover extends Pick<Message, 'stream' | 'number' | 'kind' | 'chat'> {
  /** Of the connection. */
  request: number;
  /** That was reserved for it, if any. */
  messageId: string | undefined;
  /** Under which it was begun; without the plugin there is none. */
  fence: number | undefined;
}

export interface Answer {
  request: number;
  /** WhatsApp's. */
  messageId: string;
}
