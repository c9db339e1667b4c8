import { AsyncLocalStorage } from 'node:async_hooks';
import type { Log } from '../core/log';
import type { ChannelController, Emitter, InstanceController, Monitor } from './shapes';
import { ownerOf } from './sends-join';

/** The host's events that end an instance's session, or the instance. */
export const INSTANCE_EVENTS = ['logout.instance', 'remove.instance', 'no.connection'] as const;
export type InstanceEvent = (typeof INSTANCE_EVENTS)[number];

/** What somebody asked the host for, while it is at it. */
export type Request = 'create' | 'delete';

/** What stands in place of the host's clean-up. */
export interface InstanceHandler {
  /** @param request what the event comes from; nothing: from the host itself. */
  event(event: InstanceEvent, instance: string, request: Request | undefined, stock: () => unknown): void;
  /** The host's answer to a delete goes out when this resolves. */
  deleted(instance: string): Promise<void>;
  /** Somebody ends a session. @param stock the host's own way, which tells WhatsApp. */
  logout(instance: string, stock: () => Promise<void>): Promise<void>;
  /** An instance was made; DEL_INSTANCE counts from now. */
  created(instance: string, stock: () => void): void;
}

/** Replaces the one stock listener of each event. The handshake has made sure that there is exactly one. */
export function joinInstances(
  { monitor, controller, channels }: { monitor: Monitor; controller: InstanceController; channels: ChannelController },
  handler: InstanceHandler,
  log: Log,
): void {
  const requests = new AsyncLocalStorage<{ request: Request; isOver: boolean }>();
  joinEvents(monitor.eventEmitter, (event, instance, stock) => {
    const around = requests.getStore();
    handler.event(event, instance, around?.isOver === false ? around.request : undefined, stock);
  });
  joinController(controller, requests, handler);
  joinTimer(monitor, handler);
  joinLogout(channels, handler, log);
}

function joinEvents(
  emitter: Emitter,
  handle: (event: InstanceEvent, instance: string, stock: () => unknown) => void,
): void {
  for (const event of INSTANCE_EVENTS) {
    for (const stock of emitter.listeners(event)) {
      emitter.off(event, stock);
      emitter.on(event, (...args) => {
        if (typeof args[0] === 'string') handle(event, args[0], () => stock(...args));
        else stock(...args);
      });
    }
  }
}

/** Timers and sockets that a request leaves behind are no part of it: so what is remembered of it ends with its answer. */
function joinController(
  controller: InstanceController,
  requests: AsyncLocalStorage<{ request: Request; isOver: boolean }>,
  handler: InstanceHandler,
): void {
  const within = async <T>(request: Request, work: () => Promise<T>): Promise<T> => {
    const around = { request, isOver: false };
    return requests.run(around, work).finally(() => (around.isOver = true));
  };
  const create = controller.createInstance.bind(controller);
  controller.createInstance = (data) => within('create', () => create(data));
  const remove = controller.deleteInstance.bind(controller);
  controller.deleteInstance = (instance) =>
    within('delete', async () => {
      const answer = await remove(instance);
      await handler.deleted(instance.instanceName);
      return answer;
    });
}

function joinTimer(monitor: Monitor, handler: InstanceHandler): void {
  const stock = monitor.delInstanceTime?.bind(monitor);
  if (stock) monitor.delInstanceTime = (instance) => handler.created(instance, () => stock(instance));
}

/** Baileys' channel alone has a session that ends; the method sits on its class. */
function joinLogout(channels: ChannelController, handler: InstanceHandler, log: Log): void {
  const joined = new WeakSet<object>();
  const make = channels.init.bind(channels);
  channels.init = (instanceData, parts) => {
    const channel = make(instanceData, parts);
    const { integration } = (instanceData ?? {}) as { integration?: unknown };
    if (integration !== 'WHATSAPP-BAILEYS' || typeof channel !== 'object' || channel === null) return channel;
    const prototype = ownerOf(channel, 'logoutInstance');
    if (!prototype)
      log.error('the channel of Baileys has no logoutInstance: a logout resets its session as stock does');
    else if (!joined.has(prototype)) {
      joined.add(prototype);
      const stock = prototype.logoutInstance as () => Promise<void>;
      prototype.logoutInstance = function (this: { instanceName?: unknown }) {
        return handler.logout(String(this.instanceName), () => stock.call(this));
      };
    }
    return channel;
  };
}
