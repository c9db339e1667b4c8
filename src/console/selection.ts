import { z } from 'zod';
import { eventFilter, eventIds, isEmpty } from '../events/event-filter';

/** Which events a request means: by id, by filter, or all of them where it says so. */
const fields = z.strictObject({
  eventIds: eventIds.optional(),
  filter: eventFilter.optional(),
  all: z.boolean().default(false),
  dryRun: z.boolean().default(false),
});

const isOneWay = ({ eventIds, filter, all }: z.infer<typeof fields>) => {
  const ways = [eventIds !== undefined, filter !== undefined && !isEmpty(filter), all];
  return ways.filter(Boolean).length === 1;
};
const ONE_WAY = 'give either eventIds, or a filter that is not empty, or "all": true';

const asChoice = ({ eventIds, filter, dryRun }: z.infer<typeof fields>) => ({
  filter: { ...filter, eventIds },
  dryRun,
});

export const selection = fields.refine(isOneWay, ONE_WAY).transform(asChoice);

/** AMQP's limit for a name. */
const queueName = z.string().min(1, 'must not be empty').max(255, 'must have at most 255 characters');

/** For a replay: into a queue, where one is named. */
export const replaySelection = fields
  .extend({ toQueue: queueName.optional() })
  .refine(isOneWay, ONE_WAY)
  .transform(({ toQueue, ...rest }) => ({ ...asChoice(rest), toQueue }));
