import { z } from 'zod';
import type { EventFilter } from '../stores/dead-letters';

const text = z.string().min(1, 'must not be empty').max(500, 'must have at most 500 characters');

/** Milliseconds since 1970, from what an operator types. A day means its start in UTC. */
const moment = z
  .union([z.iso.datetime({ offset: true }), z.iso.date()], {
    error: 'must be a time such as 2026-01-31T12:00:00Z, or a day such as 2026-01-31',
  })
  .transform((value) => Date.parse(value));

export const eventId = z.uuid('must be the UUID of an event');

/** Enough to hand over one page of the list; more go by filter. */
const MOST_IDS = 1_000;
export const eventIds = z
  .array(eventId, 'must be a list of event ids')
  .min(1, 'must name at least one event')
  .max(MOST_IDS, `must name at most ${MOST_IDS} events`);

/** What an operator may filter by, on the command line and over HTTP. */
export const eventFilter = z.strictObject({
  instance: text.optional(),
  event: text.optional(),
  chat: text.optional(),
  sink: text.optional(),
  code: z
    .string()
    .regex(/^[A-Z][A-Z_]*$/, 'must be an error code such as GUARD_EVENT_TOO_LARGE')
    .optional(),
  from: moment.optional(),
  to: moment.optional(),
});

export const isEmpty = (filter: EventFilter) => Object.values(filter).every((value) => value === undefined);
