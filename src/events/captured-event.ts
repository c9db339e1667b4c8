import { v7 as uuidv7 } from 'uuid';
import type { Clock } from '../core/clock';
import { describe, GuardError } from '../core/errors';
import type { NewOutboxRow } from '../stores/outbox-store';
import { chatOf, placeOf } from './chat';
import { hostEvent, type Destination, type HostEvent } from './event';

/** An event whose text and id are fixed; where it is to go is not asked yet. */
export interface CapturedEvent {
  eventId: string;
  instance: string;
  event: string;
  chat: string;
  /** The exact text that the host would publish. */
  payload: string;
  payloadBytes: number;
  /** Milliseconds since 1970. */
  capturedAt: number;
}

/**
 * Takes what the host hands to its sinks.
 *
 * @throws GuardError GUARD_EVENT_MALFORMED, GUARD_EVENT_NOT_SERIALIZABLE
 */
export function captureEvent(received: unknown, clock: Clock): CapturedEvent {
  const parsed = hostEvent.safeParse(received);
  if (!parsed.success) {
    const detail = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ');
    throw new GuardError('GUARD_EVENT_MALFORMED', `${detail}.`);
  }
  const { instanceName: instance, event, data } = parsed.data;
  const payload = toPayload(parsed.data);
  return {
    eventId: uuidv7(),
    instance,
    event,
    chat: chatOf(data),
    payload,
    payloadBytes: Buffer.byteLength(payload),
    capturedAt: clock.now(),
  };
}

/** One row for a sink; a dead letter from the start where it is larger than the sink may take. */
export function toRow(captured: CapturedEvent, { sink, target }: Destination, maxBytes: number): NewOutboxRow {
  const { instance, chat, event, payloadBytes } = captured;
  const row = { ...captured, ...placeOf(instance, chat), sink, target };
  if (payloadBytes <= maxBytes) return row;
  const detail = `${event} of ${instance}: ${payloadBytes} bytes, limit ${maxBytes}.`;
  return { ...row, deadReason: new GuardError('GUARD_EVENT_TOO_LARGE', detail).message };
}

/** The text that the host itself would publish: same keys, same order (2.3.7, rabbitmq.controller.ts, `message`). */
function toPayload(event: HostEvent): string {
  const { extra, data, serverUrl, dateTime, sender, apiKey } = event;
  try {
    return JSON.stringify({
      ...(extra ?? {}),
      event: event.event,
      instance: event.instanceName,
      data,
      server_url: serverUrl,
      date_time: dateTime,
      sender,
      apikey: apiKey,
    });
  } catch (error) {
    const detail = `${event.event} of ${event.instanceName}: ${describe(error).split('\n')[0]}.`;
    throw new GuardError('GUARD_EVENT_NOT_SERIALIZABLE', detail, { cause: error });
  }
}
