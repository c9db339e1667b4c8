import { z } from 'zod';
import type { Log } from '../core/log';
import { discard, redrive } from '../events/dead-letters';
import { eventFilter, eventId, eventIds } from '../events/event-filter';
import type { DeadLetterStore } from '../stores/dead-letters';
import type { QueueSender } from '../stores/rabbitmq/queue-sender';
import type { Handler } from './handler';
import { parse, Problem } from './problem';
import { selection } from './selection';

/** What the handlers of dead letters and replay need; compose.ts hands it in. */
export interface OutboxTools {
  store: DeadLetterStore;
  /** GUARD_EVENT_MAX_BYTES. */
  maxBytes: number;
  /** Opens a queue of the broker for copies. @throws GuardError */
  openQueue: (name: string) => Promise<QueueSender>;
  log: Log;
}

const whole = (least: number, most: number) => {
  const message = `must be a whole number from ${least} to ${most}`;
  return z.string().regex(/^\d+$/, message).transform(Number).pipe(z.number().min(least, message).max(most, message));
};

const listQuery = z.strictObject({
  ...eventFilter.shape,
  after: whole(0, Number.MAX_SAFE_INTEGER).default(0),
  limit: whole(1, 500).default(50),
});

/** `GET /guard/dead-letters`: a page by seq; `next` is the `after` of the following page, or null. */
export function listDeadLetters({ store }: OutboxTools): Handler {
  return async (request, response) => {
    const { after, limit, ...filter } = parse(listQuery, request.query);
    const stretch = { afterSeq: after, throughSeq: Number.MAX_SAFE_INTEGER, rows: limit };
    const deadLetters = await store.list(filter, stretch);
    const next = deadLetters.length === limit ? (deadLetters.at(-1)?.seq ?? null) : null;
    response.json({ deadLetters, next });
  };
}

const showQuery = z.strictObject({ payload: z.enum(['true', 'false'], 'must be true or false').optional() });

/** `GET /guard/dead-letters/:eventId`: one event in any state, once for each sink; the payload only where asked for. */
export function showEvent({ store }: OutboxTools): Handler {
  return async (request, response) => {
    const id = parse(eventId, request.params.eventId);
    const { payload } = parse(showQuery, request.query);
    const events = await store.find(id);
    if (events.length === 0) throw new Problem(404, [`no event ${id} in the outbox`]);
    response.json(payload === 'true' ? { events, payload: await store.payload(id) } : { events });
  };
}

/** `POST /guard/dead-letters/redrive`: the relay looks for them within a second. */
export function redriveDeadLetters({ store, maxBytes, log }: OutboxTools): Handler {
  return async (request, response) => {
    const { filter, dryRun } = parse(selection, request.body);
    const outcome = await redrive(store, filter, { dryRun, maxBytes });
    if (!dryRun) log.info({ redriven: outcome.changed }, 'dead letters were redriven');
    response.json(outcome);
  };
}

const discardBody = z.strictObject({ eventIds, dryRun: z.boolean().default(false) });

/** `POST /guard/dead-letters/discard`: by event id only, as nothing brings them back. */
export function discardDeadLetters({ store, log }: OutboxTools): Handler {
  return async (request, response) => {
    const { dryRun, ...filter } = parse(discardBody, request.body);
    const outcome = await discard(store, filter, { dryRun });
    if (!dryRun) log.info({ discarded: outcome.changed }, 'dead letters were discarded');
    response.json(outcome);
  };
}
