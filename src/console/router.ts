import { Router } from 'express';
import type { Metrics } from '../metrics/metrics';
import { requireApiKey } from './auth';
import { discardDeadLetters, listDeadLetters, redriveDeadLetters, showEvent, type OutboxTools } from './dead-letters';
import { getHealth } from './get-health';
import { getMetrics } from './get-metrics';
import type { Handler } from './handler';
import {
  exportInstance,
  getInstance,
  getInstances,
  purgeInstance,
  restoreInstance,
  type InstanceTools,
} from './instances';
import { getOutbox, replayOutbox } from './outbox';
import { parseBody } from './parse-body';
import { answerProblem } from './problem';
import { listQueues, listSends, showSend, type SendTools } from './sends';
import { cancelSequence, createSequence, listSequences, showSequence, type SequenceTools } from './sequences';
import type { Status } from './status';

interface Route {
  method: 'get' | 'post' | 'delete';
  path: string;
  handler: Handler;
}

/** Every route under /guard. All of them ask for the API key. */
export function createRouter(
  apiKey: string | undefined,
  status: Status,
  metrics: Metrics,
  tools: OutboxTools,
  sends?: SendTools,
  sequences?: SequenceTools,
  instances?: InstanceTools,
): Router {
  const routes: Route[] = [
    { method: 'get', path: '/health', handler: getHealth(status) },
    { method: 'get', path: '/metrics', handler: getMetrics(status, metrics) },
    { method: 'get', path: '/dead-letters', handler: listDeadLetters(tools) },
    { method: 'get', path: '/dead-letters/:eventId', handler: showEvent(tools) },
    { method: 'post', path: '/dead-letters/redrive', handler: redriveDeadLetters(tools) },
    { method: 'post', path: '/dead-letters/discard', handler: discardDeadLetters(tools) },
    { method: 'get', path: '/outbox', handler: getOutbox(tools, () => status.now()) },
    { method: 'post', path: '/outbox/replay', handler: replayOutbox(tools) },
    ...(sends ? sendRoutes(sends) : []),
    ...(sequences ? sequenceRoutes(sequences) : []),
    ...(instances ? instanceRoutes(instances) : []),
  ];
  const router = Router();
  router.use(requireApiKey(apiKey), parseBody);
  for (const { method, path, handler } of routes) {
    // Express 4 does not await handlers: a rejection must be answered, or handed on to the host's error handler.
    router[method](path, (request, response, next) => {
      void handler(request, response).catch((error: unknown) => answerProblem(error, response, next));
    });
  }
  return router;
}

function sendRoutes(tools: SendTools): Route[] {
  return [
    { method: 'get', path: '/sends', handler: listSends(tools) },
    { method: 'get', path: '/sends/:id', handler: showSend(tools) },
    { method: 'get', path: '/queues', handler: listQueues(tools) },
  ];
}

function sequenceRoutes(tools: SequenceTools): Route[] {
  return [
    { method: 'post', path: '/sequences', handler: createSequence(tools) },
    { method: 'get', path: '/sequences', handler: listSequences(tools) },
    { method: 'get', path: '/sequences/:id', handler: showSequence(tools) },
    { method: 'delete', path: '/sequences/:id', handler: cancelSequence(tools) },
  ];
}

function instanceRoutes(tools: InstanceTools): Route[] {
  return [
    { method: 'get', path: '/instances', handler: getInstances(tools) },
    { method: 'get', path: '/instances/:idOrName', handler: getInstance(tools) },
    { method: 'get', path: '/instances/:idOrName/export', handler: exportInstance(tools) },
    { method: 'post', path: '/instances/:idOrName/restore', handler: restoreInstance(tools) },
    { method: 'post', path: '/instances/:idOrName/purge', handler: purgeInstance(tools) },
  ];
}
