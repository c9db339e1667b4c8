import { z } from 'zod';
import type { Clock } from '../core/clock';
import { describe } from '../core/errors';
import { Refused, Undeliverable } from '../events/sink';
import type { Address, Addresses } from '../events/sinks/webhook';
import type { WebhookConfig } from './shapes';
import { webhookToken } from './webhook-token';
import type { WebhookSettings } from './webhook-settings';

/** The host's names of an event: SEND_MESSAGE in settings, send-message in URLs. */
export const settingOf = (event: string) => event.replace(/[.-]/g, '_').toUpperCase();
export const suffixOf = (event: string) => settingOf(event).replace(/_/g, '-').toLowerCase();

export const isHttp = (url: string) => /^https?:\/\//.test(url);

/** Where the event would have gone when it was captured: counts only if its instance is gone meanwhile. */
const target = z.object({ url: z.string().min(1), byEvents: z.boolean() });
export type WebhookTarget = z.infer<typeof target>;

/**
 * The webhook of the row's instance as it is set now, not as it was: what waits follows a URL that is put right. If the
 * instance is gone, the last URL and headers that were heard of count.
 */
export function instanceAddresses(
  settings: Pick<WebhookSettings, 'current' | 'last'>,
  clock: Pick<Clock, 'now'>,
): Addresses {
  return {
    async of({ instance, event, target: text }) {
      const { webhook, exists } = await settings.current(instance);
      if (!webhook || !exists) {
        const { url, byEvents } = readTarget(text);
        return {
          url: byEvents ? `${url}/${suffixOf(event)}` : url,
          headers: sent(webhook?.headers, clock),
          last: true,
        };
      }
      const { url, enabled, webhookByEvents, headers } = webhook;
      if (!enabled || !isHttp(url)) {
        throw new Undeliverable('GUARD_WEBHOOK_OFF', `The webhook of ${instance} is off.`);
      }
      return { url: webhookByEvents ? `${url}/${suffixOf(event)}` : url, headers: sent(headers, clock), last: false };
    },
    receiverOf: ({ instance, target: text }) => settings.last(instance)?.url ?? urlIn(text),
  };
}

/** The host reads these settings once, at its start. */
export function globalAddresses({ GLOBAL: { URL: url, ENABLED, WEBHOOK_BY_EVENTS } }: WebhookConfig): Addresses {
  return {
    of({ event }): Promise<Address> {
      if (!ENABLED || !isHttp(url)) {
        return Promise.reject(new Undeliverable('GUARD_WEBHOOK_OFF', 'The global webhook is off.'));
      }
      return Promise.resolve({ url: WEBHOOK_BY_EVENTS ? `${url}/${suffixOf(event)}` : url, headers: {}, last: false });
    },
    receiverOf: () => url,
  };
}

/** What the host sends of the headers that the operator has set: `jwt_key` becomes a token that is made anew each time. */
function sent(headers: unknown, clock: Pick<Clock, 'now'>): Record<string, unknown> {
  const { jwt_key: key, ...rest } = { ...(typeof headers === 'object' && headers) } as Record<string, unknown>;
  if (key === undefined) return rest;
  if (typeof key !== 'string' || key === '') {
    throw new Refused('GUARD_WEBHOOK_SETTINGS', 'The header jwt_key is no text.');
  }
  return { ...rest, Authorization: `Bearer ${webhookToken(key, clock.now())}` };
}

/** @returns the text itself where it cannot be read: the delivery will tell. */
function urlIn(text: string): string {
  try {
    return readTarget(text).url;
  } catch {
    return text;
  }
}

function readTarget(text: string): WebhookTarget {
  try {
    return target.parse(JSON.parse(text));
  } catch (error) {
    throw new Undeliverable('GUARD_EVENT_MALFORMED', `target: ${describe(error)}`);
  }
}
