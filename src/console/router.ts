import { Router } from 'express';
import type { Metrics } from '../metrics/metrics';
import { requireApiKey } from './auth';
import { getHealth } from './get-health';
import { getMetrics } from './get-metrics';
import type { Handler } from './handler';
import type { Status } from './status';

interface Route {
  method: 'get' | 'post' | 'delete';
  path: string;
  handler: Handler;
}

/** Every route under /guard. All of them ask for the API key. */
export function createRouter(apiKey: string | undefined, status: Status, metrics: Metrics): Router {
  const routes: Route[] = [
    { method: 'get', path: '/health', handler: getHealth(status) },
    { method: 'get', path: '/metrics', handler: getMetrics(status, metrics) },
  ];
  const router = Router();
  router.use(requireApiKey(apiKey));
  for (const { method, path, handler } of routes) {
    // Express 4 does not await handlers: a rejection must be handed on to the host's error handler.
    router[method](path, (request, response, next) => void handler(request, response).catch(next));
  }
  return router;
}
