import type { Clock } from '../../core/clock';
import type { NewOutboxRow, PendingRow } from '../../stores/outbox-store';
import { hash32 } from '../chat';
import { ReceiverUnavailable, Refused, type Sink } from '../sink';
import { judge } from './webhook-answer';
import type { WebhookClient } from './webhook-client';
import { signatureOf } from './webhook-signature';

/** The URL of the event's own instance, and that of all instances: an event may be for both. */
export const WEBHOOK = 'webhook';
export const WEBHOOK_GLOBAL = 'webhook-global';

/** Where a row goes at this moment. */
export interface Address {
  url: string;
  headers: Readonly<Record<string, unknown>>;
  /** Nobody can put it right any more: its instance is gone. */
  last: boolean;
}

/** Knows where rows go, which may change while they wait. */
export interface Addresses {
  /** @throws Refused, Undeliverable; anything else is tried again. */
  of(row: PendingRow): Promise<Address>;
  /** The URL as last known, without what depends on the event. */
  receiverOf(row: NewOutboxRow): string;
}

export interface WebhookSinkOptions {
  name: typeof WEBHOOK | typeof WEBHOOK_GLOBAL;
  addresses: Addresses;
  client: Pick<WebhookClient, 'post'>;
  /** Of signatures, see signingKey. Without any, requests are not signed. */
  keys: readonly Buffer[];
  /** Statuses after which the operator wants no retries. */
  refusals: ReadonlySet<number>;
  perReceiver: number;
  clock: Clock;
}

/** Posts the host's webhooks. Delivered means: answered with 2xx. */
export function createWebhookSink({
  name,
  addresses,
  client,
  keys,
  refusals,
  perReceiver,
  clock,
}: WebhookSinkOptions): Sink {
  return {
    name,
    perReceiver,
    perChat: () => 1,
    receiverOf: (row) => hash32(addresses.receiverOf(row)),
    accepting: () => true,
    ready: () => Promise.resolve(),
    async deliver(row) {
      const { url, headers, last } = await addresses.of(row);
      const body = Buffer.from(row.payload);
      try {
        const answer = await client.post(url, { ...headers, ...ownHeaders(row, body, keys, clock.now()) }, body);
        judge(answer, originOf(url), refusals, clock.now());
      } catch (error) {
        if (!(error instanceof ReceiverUnavailable)) throw error;
        const said = `${originOf(url)}: ${error.message}`;
        if (last) throw new Refused('GUARD_WEBHOOK_GONE', `${said}.`);
        throw new ReceiverUnavailable(said, error.retryAfterMs);
      }
    },
  };
}

/** Id and time as the Standard Webhooks specification has them, and what tells the order of a chat. */
function ownHeaders(row: PendingRow, body: Buffer, keys: readonly Buffer[], now: number): Record<string, string> {
  const timestamp = Math.floor(now / 1000);
  return {
    'webhook-id': row.eventId,
    'webhook-timestamp': `${timestamp}`,
    ...(keys.length > 0 && { 'webhook-signature': signatureOf(keys, row.eventId, timestamp, body) }),
    'guard-instance': headerText(row.instance),
    'guard-chat': headerText(row.chat),
    'guard-chat-sequence': `${row.chatSequence}`,
  };
}

/** Percent-encoded, where a header cannot hold it. */
function headerText(value: string): string {
  return value.replace(/[^\x20-\x24\x26-\x7e]+/g, (part) =>
    [...Buffer.from(part)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
  );
}

/** What may be logged and stored of a URL: path and credentials may be secrets. */
function originOf(url: string): string {
  return URL.canParse(url) ? new URL(url).origin : 'the URL';
}
