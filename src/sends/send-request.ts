/** A send, as the host's own method was called with it. */
export interface SendRequest {
  instance: string;
  /** As the caller wrote it. */
  number: unknown;
  /** WHATSAPP-BAILEYS, WHATSAPP-BUSINESS or EVOLUTION. */
  integration: string;
  kind: string;
  /** Of its text, in characters. */
  textLength: number;
  /** WhatsApp id that it is to have, where the channel lets it be chosen. */
  messageId: string | undefined;
  /** Everything that is needed to make it again; undefined where it is too large to be kept. */
  body: Buffer | undefined;
  /** Calls the host's own method. */
  perform: () => Promise<unknown>;
}

/** Names a chat of an instance in this process. */
export const chatKey = (instance: string, chat: string) => `${instance}\0${chat}`;

/** The two of such a name. */
export const instanceOf = (key: string) => key.slice(0, key.lastIndexOf('\0'));
export const chatOf = (key: string) => key.slice(key.lastIndexOf('\0') + 1);
