import { z } from 'zod';
import { eventFilter, eventIds, isEmpty } from '../events/event-filter';

/** Which events a request means: by id, by filter, or all of them where it says so. */
export const selection = z
  .strictObject({
    eventIds: eventIds.optional(),
    filter: eventFilter.optional(),
    all: z.boolean().default(false),
    dryRun: z.boolean().default(false),
  })
  .refine(({ eventIds, filter, all }) => {
    const ways = [eventIds !== undefined, filter !== undefined && !isEmpty(filter), all];
    return ways.filter(Boolean).length === 1;
  }, 'give either eventIds, or a filter that is not empty, or "all": true')
  .transform(({ eventIds, filter, dryRun }) => ({ filter: { ...filter, eventIds }, dryRun }));
