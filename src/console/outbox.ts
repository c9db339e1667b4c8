import { replay } from '../events/dead-letters';
import { replayToQueue } from '../events/replay-to-queue';
import { summarize } from '../events/outbox-summary';
import type { OutboxTools } from './dead-letters';
import type { Handler } from './handler';
import { parse } from './problem';
import { replaySelection } from './selection';

/** `GET /guard/outbox`: what is not delivered, by instance, event and sink. */
export function getOutbox({ store }: OutboxTools, now: () => number): Handler {
  return async (_request, response) => {
    response.json(summarize(await store.groups(), now()));
  };
}

/** `POST /guard/outbox/replay`: delivered events once more, with the ids that they had; into a queue where one is named. */
export function replayOutbox({ store, openQueue, log }: OutboxTools): Handler {
  return async (request, response) => {
    const { filter, dryRun, toQueue } = parse(replaySelection, request.body);
    if (toQueue === undefined) {
      const outcome = await replay(store, filter, { dryRun });
      if (!dryRun) log.info({ replayed: outcome.changed }, 'delivered events were made pending again');
      response.json(outcome);
      return;
    }
    const queue = await openQueue(toQueue);
    const outcome = await replayToQueue(store, filter, { dryRun }, queue).finally(() => queue.close());
    if (!dryRun) log.info({ copied: outcome.changed, queue: toQueue }, 'delivered events were copied into a queue');
    response.json(outcome);
  };
}
