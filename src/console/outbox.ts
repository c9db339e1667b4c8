import { replay } from '../events/dead-letters';
import { summarize } from '../events/outbox-summary';
import type { OutboxTools } from './dead-letters';
import type { Handler } from './handler';
import { parse } from './problem';
import { selection } from './selection';

/** `GET /guard/outbox`: what is not delivered, by instance, event and sink. */
export function getOutbox({ store }: OutboxTools, now: () => number): Handler {
  return async (_request, response) => {
    response.json(summarize(await store.groups(), now()));
  };
}

/** `POST /guard/outbox/replay`: delivered events once more, with the ids that they had. */
export function replayOutbox({ store, log }: OutboxTools): Handler {
  return async (request, response) => {
    const { filter, dryRun } = parse(selection, request.body);
    const outcome = await replay(store, filter, { dryRun });
    if (!dryRun) log.info({ replayed: outcome.changed }, 'delivered events were made pending again');
    response.json(outcome);
  };
}
