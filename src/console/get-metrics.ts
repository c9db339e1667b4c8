import type { Metrics } from '../metrics/metrics';
import type { Handler } from './handler';
import { readOutbox, type Status } from './status';

/** `GET /guard/metrics`: the text format of Prometheus. What only the database knows is read at the scrape. */
export function getMetrics(status: Status, metrics: Metrics): Handler {
  return async (_request, response) => {
    const outbox = await readOutbox(status);
    if (outbox) {
      metrics.outboxPending.set(outbox.pending);
      metrics.outboxOldestSeconds.set(outbox.oldestSeconds);
      metrics.outboxDead.set(outbox.dead);
    }
    response.type(metrics.registry.contentType).send(await metrics.registry.metrics());
  };
}
