import type { CacheHealth } from '../cache/cache-health';
import type { Handler } from './handler';
import { readOutbox, type Status } from './status';

/**
 * `GET /guard/health`: always 200, so that no orchestrator restarts a host whose broker is away; `status` says more.
 * `ok` where everything that is switched on works, else `degraded`, with the reasons in `problems`.
 */
export function getHealth(status: Status): Handler {
  return async (_request, response) => {
    const database = status.database();
    const broker = status.broker();
    const [outbox, cache] = await Promise.all([readOutbox(status), status.cache()]);
    const errors = [database.error, broker?.error, cache?.error].filter((error) => error !== undefined);
    const ok = database.up && outbox !== undefined && (broker?.connected ?? true) && (cache?.up ?? true);
    response.json({
      status: ok ? 'ok' : 'degraded',
      version: status.guardVersion,
      host: { version: status.hostVersion },
      features: status.features,
      database: { up: database.up },
      rabbitmq: broker ? { connected: broker.connected } : null,
      cache: cache ? answerOf(cache) : null,
      outbox: outbox ?? null,
      problems: errors.map(({ code, message }) => ({ code, message })),
    });
  };
}

/** Its error is among the problems. */
const answerOf = ({ error: _, ...health }: CacheHealth) => health;
