/** A send that has not come to its end: it waits for its turn, or is being made. */
export const OPEN_STATES = ['accepted', 'sending'] as const;

/**
 * What becomes of a send. `accepted` waits for its turn; `sending` may have touched the socket; `sent` is what the channel
 * answered; the next three are WhatsApp's acknowledgements. `failed` is a refusal, `unknown` one that may or may not have
 * gone out and is therefore not repeated, `cancelled` one that nobody wants any more.
 */
export const SEND_STATES = [
  ...OPEN_STATES,
  'sent',
  'server_ack',
  'delivered',
  'read',
  'failed',
  'unknown',
  'cancelled',
] as const;
export type SendState = (typeof SEND_STATES)[number];

/** One send, as it is accepted. */
export interface NewSend {
  /** UUID, version 7. */
  sendId: string;
  instance: string;
  /** Canonical JID. */
  chat: string;
  /** WHATSAPP-BAILEYS, WHATSAPP-BUSINESS or EVOLUTION. */
  integration: string;
  /** text, media, reaction, edit, delete, ...: for people. */
  kind: string;
  /** Who asked for it: http, bot, sequence, host, ... */
  caller: string;
  /** WhatsApp message id that it will have, where the channel lets it be chosen. */
  messageId?: string;
  /** Everything that is needed to make it again. Absent: too large to be kept, so it is not resumed after a crash. */
  body?: Buffer;
  /** The idempotency key that it was asked for under, as IdempotencyStore knows it. */
  requestId?: string;
  /** Milliseconds since 1970. */
  acceptedAt: number;
}

/** A send whose turn has come. */
export interface Beginning {
  sendId: string;
  instance: string;
  chat: string;
  /**
   * `next`: its turn has come. `ahead`: its turn is near, and it begins now if nobody else has anything open there that was
   * accepted before it. `between`: its turn has come, and this process has begun others of this chat ahead, which whoever
   * waits waits for anyhow.
   */
  place: 'next' | 'ahead' | 'between';
  /** Set where the send was not written as accepted before: it is inserted as `sending`. */
  fresh?: NewSend;
}

/** `begun`: it is `sending`, under that fence. `behind`: another process has a send in this chat that goes first. `lost`: the chat or the send is another's by now. */
export type Begun = { outcome: 'begun'; fence: number } | { outcome: 'behind' | 'lost' };

/** The end of an attempt. */
export interface SendOutcome {
  sendId: string;
  /** `accepted`: nothing was sent, and it will be tried again. */
  state: 'accepted' | 'sent' | 'failed' | 'unknown' | 'cancelled';
  /** WhatsApp's id, where the channel gave it only now. */
  messageId?: string;
  /** Why it failed, is not known, or is to be tried again. */
  error?: string;
}

/** What WhatsApp says of a message. */
export interface Acknowledgement {
  instance: string;
  /** One of them is enough: the channel's own id, or ours where the channel carries it. */
  messageId: string;
  sendId?: string;
  state: 'server_ack' | 'delivered' | 'read' | 'failed';
  /** Nack or error code of WhatsApp, with its words. */
  error?: string;
  /** Milliseconds since 1970. */
  at: number;
}

/** A send that was taken over from a process that is gone. */
export interface AdoptedSend extends Omit<NewSend, 'body'> {
  seq: number;
  state: (typeof OPEN_STATES)[number];
  attempts: number;
  body: Buffer | undefined;
}

/** Everything that is known of a send; `null` where it has not happened. Times are milliseconds since 1970. */
export interface SendRecord {
  seq: number;
  sendId: string;
  instance: string;
  chat: string;
  integration: string;
  kind: string;
  caller: string;
  state: SendState;
  attempts: number;
  messageId: string | null;
  /** The process that has it, or had it last. */
  owner: string;
  fence: number | null;
  error: string | null;
  acceptedAt: number;
  sendingAt: number | null;
  sentAt: number | null;
  serverAckAt: number | null;
  deliveredAt: number | null;
  readAt: number | null;
  /** When it failed, became unknown or was cancelled. */
  endedAt: number | null;
}

export interface SendFilter {
  instance?: string;
  chat?: string;
  states?: readonly SendState[];
}

/** What waits in one chat, over all processes. */
export interface ChatDepth {
  instance: string;
  chat: string;
  waiting: number;
  sending: number;
  oldestAcceptedAt: number;
  /** Who had the chat's turn last: its process, that process's words about itself, and its fencing token. */
  holder: { owner: string; about: string; fence: number } | null;
}

/** The journal of sends, whatever database holds it. All clocks in it are the database's, but for acceptedAt and acknowledgements. */
export interface SendStore {
  /** Says that this process is there until the expiry. `about`: host name and pid, for people. */
  readonly enlist: (owner: string, about: string, expiryMs: number) => Promise<void>;
  /** Takes this process off the list: what it has open may be adopted at once. */
  readonly resign: (owner: string) => Promise<void>;
  /** Writes sends as `accepted`, in their order. A repeat of one that is there changes nothing. */
  readonly accept: (owner: string, sends: readonly NewSend[]) => Promise<void>;
  /**
   * Makes sends `sending`, each under the fencing token of its chat.
   *
   * When a chat changes hands its fence rises by one. A send is `behind` as long as another process has one in that chat
   * which is `sending`, or is gone and has left one there; one that is next also as long as another has one open that was
   * accepted before all that this process has open there, and one ahead if that was accepted before it.
   *
   * @returns an answer for each, in the order of the batch.
   */
  readonly begin: (owner: string, beginnings: readonly Beginning[]) => Promise<Begun[]>;
  /**
   * Ends sends that are open and still the owner's; bodies go with the end. Of one that WhatsApp has acknowledged already
   * only `sent` is noted: its time, and the message id.
   */
  readonly finish: (owner: string, outcomes: readonly SendOutcome[]) => Promise<void>;
  /**
   * Notes what WhatsApp says. A state never goes back (read before delivered is read), each time is written once, and
   * `failed` ends only what was not delivered. Resolves `unknown` ones, and ends open ones: they went out after all. What is
   * failed or cancelled stays so. @returns the sends that were changed.
   */
  readonly acknowledge: (
    acknowledgements: readonly Acknowledgement[],
  ) => Promise<{ sendId: string; state: SendState }[]>;
  /**
   * Takes open sends from processes that are not on the list, other than `owner`, in these instances, the oldest first.
   * They belong to the ticket then, which is not on the list either: if the answer is lost, they can be taken again.
   *
   * @returns at most `limit` of them, and of their bodies 64 MiB, in the order of acceptance.
   */
  readonly adopt: (
    owner: string,
    ticket: string,
    instances: readonly string[],
    limit: number,
  ) => Promise<AdoptedSend[]>;
  /** Gives the process what it took under that ticket and nobody has taken since. A repeat changes nothing. @returns ids of sends. */
  readonly keep: (owner: string, ticket: string, sendIds: readonly string[]) => Promise<string[]>;
  /** By our id or WhatsApp's, which may be that of several: the newest first, at most 20. */
  readonly find: (id: string) => Promise<SendRecord[]>;
  /** The newest first, `limit` of those before that seq. */
  readonly list: (filter: SendFilter, beforeSeq: number, limit: number) => Promise<SendRecord[]>;
  /** Chats with open sends, those that wait longest first. */
  readonly depths: (filter: { instance?: string }, limit: number) => Promise<ChatDepth[]>;
  /** Sends that are `sent` since before that time and have no acknowledgement, where one can come: how many, and the oldest `limit`. */
  readonly pending: (before: number, limit: number) => Promise<{ count: number; oldest: SendRecord[] }>;
  /** How many are in each state that is not final: accepted, sending, unknown. */
  readonly summary: () => Promise<{ accepted: number; sending: number; unknown: number }>;
  /** Deletes at most `limit` sends that came to their end before the given time. @returns how many. */
  readonly purge: (before: number, limit: number) => Promise<number>;
}
