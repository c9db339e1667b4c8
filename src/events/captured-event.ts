import { v7 as uuidv7 } from 'uuid';
import type { Clock } from '../core/clock';
import { describe, GuardError } from '../core/errors';
import type { NewOutboxRow } from '../stores/outbox-store';
import { chatOf, hash32, placeOf } from './chat';
import { hostEvent, type Destination, type HostEvent, type Outlet } from './event';

/** An event whose text and id are fixed; where it is to go is not asked yet. */
export interface CapturedEvent {
  outlet: Outlet;
  eventId: string;
  instance: string;
  event: string;
  local: boolean;
  chat: string;
  /** The exact text that the host would send, but for the blank. */
  payload: string;
  payloadBytes: number;
  /** Milliseconds since 1970. */
  capturedAt: number;
}

/** The host hands one object to all its sinks: what leaves by several of them has one id. */
const ids = new WeakMap<object, string>();

/**
 * Takes what the host hands to its sinks.
 *
 * @throws GuardError GUARD_EVENT_MALFORMED, GUARD_EVENT_NOT_SERIALIZABLE
 */
export function captureEvent(received: unknown, outlet: Outlet, clock: Clock): CapturedEvent {
  const parsed = hostEvent.safeParse(received);
  if (!parsed.success) {
    const detail = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ');
    throw new GuardError('GUARD_EVENT_MALFORMED', `${detail}.`);
  }
  const { instanceName: instance, event, data, local } = parsed.data;
  const eventId = ids.get(received as object) ?? uuidv7();
  ids.set(received as object, eventId);
  const payload = toPayload(parsed.data, outlet, blankOf(eventId));
  return {
    outlet,
    eventId,
    instance,
    event,
    local: local === true,
    chat: chatOf(data),
    payload,
    payloadBytes: Buffer.byteLength(payload),
    capturedAt: clock.now(),
  };
}

/** One row for a sink; a dead letter from the start where it is larger than the sink may take. */
export function toRow(captured: CapturedEvent, destination: Destination, maxBytes: number): NewOutboxRow {
  const { eventId, instance, chat, event, capturedAt } = captured;
  const { sink, target, receiver, fill } = destination;
  const payload = fill === undefined ? captured.payload : filled(captured, fill);
  const payloadBytes = fill === undefined ? captured.payloadBytes : Buffer.byteLength(payload);
  const { chatKey, partition } = placeOf(instance, chat);
  const row = {
    eventId,
    sink,
    receiverKey: hash32(receiver),
    chatKey,
    partition,
    instance,
    chat,
    event,
    target,
    payload,
    payloadBytes,
    capturedAt,
  };
  if (payloadBytes <= maxBytes) return row;
  const detail = `${event} of ${instance}: ${payloadBytes} bytes, limit ${maxBytes}.`;
  return { ...row, deadReason: new GuardError('GUARD_EVENT_TOO_LARGE', detail).message };
}

/** A text that no event can hold by chance. */
const blankOf = (eventId: string) => `evolution-guard blank ${eventId}`;

function filled({ payload, eventId }: CapturedEvent, fill: string): string {
  return payload.replace(JSON.stringify(blankOf(eventId)), () => JSON.stringify(fill));
}

function toPayload(event: HostEvent, outlet: Outlet, blank: string): string {
  try {
    return JSON.stringify(outlet.body(event, blank));
  } catch (error) {
    const detail = `${event.event} of ${event.instanceName}: ${describe(error).split('\n')[0]}.`;
    throw new GuardError('GUARD_EVENT_NOT_SERIALIZABLE', detail, { cause: error });
  }
}
