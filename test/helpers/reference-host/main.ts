/*
 * The reference host: a small program of our own with the shapes of EvolutionAPI that the plugin joins, so that tests
 * and the demo run without EvolutionAPI. It answers the same requests, takes the same variables, and is joined by the
 * same two lines. Without GUARD_ENABLED=true it serves RabbitMQ and webhooks the way the host does.
 */
import '../../../src/register';
import express, { type NextFunction, type Request, type Response } from 'express';
import { attach } from '../../../src';
import { configService, settings } from './config';
import * as serverModule from './server-module';
import type { InstanceData } from './shapes';

const { channelController, eventManager, waMonitor } = serverModule;

/** What the host's routes throw. */
interface Thrown {
  status: number;
  error: string;
  message: string | string[];
}

function routes(): express.Router {
  const router = express.Router();
  router.get('/', (_request, response) => response.json({ status: 200, message: 'reference host' }));
  router.use((request: Request, response: Response, next: NextFunction) => {
    if (request.get('apikey') === settings.apiKey) return next();
    response.status(401).json({ status: 401, error: 'Unauthorized' });
  });
  router.post('/instance/create', (request, response) => {
    const data = request.body as InstanceData;
    const instance = channelController.init(data, {});
    if (!instance) return void response.status(400).json({ status: 400, error: 'Invalid integration' });
    waMonitor.waInstances[data.instanceName] = instance;
    waMonitor.save();
    void instance.sendDataWebhook('instance.create', { instanceName: data.instanceName });
    response.status(201).json({ instance: { instanceName: data.instanceName, status: instance.state } });
  });
  router.delete('/instance/logout/:name', (request, response) => {
    waMonitor.eventEmitter.emit('logout.instance', request.params.name);
    response.json({ status: 'SUCCESS' });
  });
  router.post('/message/sendText/:name', (request, response, next) => {
    const instance = waMonitor.waInstances[request.params.name];
    if (!instance) return void response.status(404).json({ status: 404, error: 'Not Found' });
    const message = request.body as { number: string; text: string; delay?: number };
    instance
      .textMessage(message)
      .then((sent) => response.status(201).json(sent))
      .catch(next);
  });
  router.post('/rabbitmq/set/:name', (request, response, next) => {
    eventManager.rabbitmq
      .set(request.params.name, request.body as InstanceData)
      .then((set) => (waMonitor.save(), response.status(201).json(set)))
      .catch(next);
  });
  router.post('/webhook/set/:name', (request, response, next) => {
    eventManager.webhook
      .set(request.params.name, request.body as InstanceData)
      .then((set) => (waMonitor.save(), response.status(201).json(set)))
      .catch(next);
  });
  router.post('/lab/emit/:name', (request, response) => {
    // What no route of the host does: any event, with data that its own route could not carry.
    const { event, data, circular, ...rest } = request.body as {
      event?: string;
      data?: Record<string, unknown>;
      circular?: boolean;
    };
    const body: Record<string, unknown> = { ...data };
    if (circular) body.self = body;
    const eventData = { instanceName: request.params.name, origin: 'lab', event, data: body, ...rest };
    void eventManager.emit(eventData as unknown as Parameters<typeof eventManager.emit>[0]);
    response.status(202).json({});
  });
  return router;
}

async function bootstrap(): Promise<void> {
  const app = express();
  app.use(express.json({ limit: '136mb' }));
  await attach({ app, configService, host: serverModule });
  app.use('/', routes());
  app.use((thrown: Partial<Thrown>, _request: Request, response: Response, _next: NextFunction) => {
    const { status = 500, error = 'Internal Server Error', message = error } = thrown;
    response.status(status).json({ status, error, response: { message } });
  });
  app.use((request: Request, response: Response) => {
    response.status(404).json({ status: 404, error: 'Not Found', response: { message: [`Cannot ${request.method}`] } });
  });
  eventManager.init();
  const server = app.listen(settings.port, '127.0.0.1', () => {
    const address = server.address();
    if (typeof address === 'object' && address) process.stdout.write(`listening on ${address.port}\n`);
  });
  waMonitor.loadInstance((instance) => channelController.init(instance, {}));
}

void bootstrap();
