import { z } from 'zod';
import type { Log } from '../core/log';
import type { Connection, ConnectionUpdate } from '../instances/connection';
import type { ConnectionWatch } from '../instances/connections';
import { CONNECTION_STATES } from '../stores/instance-store';
import { connectionOf } from './connection-channel';
import type { ChannelController, Monitor } from './shapes';

export interface ConnectionsJoin {
  watch: ConnectionWatch;
  /** Whether an instance's connection is watched in this process. */
  isGuarded: (instance: string) => boolean;
  log: Log;
}

type Method = (this: object, ...args: unknown[]) => Promise<unknown>;
type Prototype = Record<string, unknown>;

/** The only kind of channel that has a connection to lose. */
const BAILEYS = 'WHATSAPP-BAILEYS';
/** Parameters up to the first with a default, as in 2.3.6 and 2.3.7. The last one is inherited. */
const ARITY = { connectionUpdate: 1, connectToWhatsapp: 1, sendDataWebhook: 2 } as const;
/** src/api/types/wa.types.ts, `Events.CONNECTION_UPDATE`. */
const CONNECTION_UPDATE = 'connection.update';

/** Channels whose class was joined. */
const joined = new WeakSet<object>();

/** Baileys' ConnectionState; codes are in its Boom errors. What is not of that kind is left out. */
const baileysUpdate = z.object({
  connection: z.enum(CONNECTION_STATES).optional().catch(undefined),
  lastDisconnect: z
    .object({
      error: z
        .object({
          message: z.string().optional().catch(undefined),
          output: z.object({ statusCode: z.number() }).optional().catch(undefined),
        })
        .optional()
        .catch(undefined),
    })
    .optional()
    .catch(undefined),
});

/**
 * Puts the watch around the connections of the Baileys channel class, when the factory makes the first of it. Where the
 * class has another shape it stays as it is, and the log says so.
 */
export function joinConnections(controller: ChannelController, join: ConnectionsJoin): void {
  const prototypes = new WeakMap<object, boolean>();
  const make = controller.init.bind(controller);
  controller.init = (instanceData, parts) => {
    const channel = make(instanceData, parts);
    const { integration } = (instanceData ?? {}) as { integration?: unknown };
    if (integration !== BAILEYS || typeof channel !== 'object' || channel === null) return channel;
    const prototype = Object.getPrototypeOf(channel) as Prototype;
    const isJoined = prototypes.get(prototype) ?? wrap(prototype, join);
    prototypes.set(prototype, isJoined);
    if (isJoined) joined.add(channel);
    return channel;
  };
}

/** Connections of loaded instances that are watched. */
export function loadedConnections({ waInstances }: Monitor, isGuarded: (instance: string) => boolean): Connection[] {
  return Object.entries(waInstances)
    .filter(([name, channel]) => joined.has(channel as object) && isGuarded(name))
    .map(([, channel]) => connectionOf(channel as object));
}

/** Whether the host still has the instance that this is the connection of: one of the same name may be another. */
export function isLoaded({ waInstances }: Monitor, connection: Connection): boolean {
  const channel = waInstances[connection.name];
  return typeof channel === 'object' && channel !== null && connectionOf(channel) === connection;
}

/** @returns whether it could be done. */
function wrap(prototype: Prototype, { watch, isGuarded, log }: ConnectionsJoin): boolean {
  const stock = prototype as Record<keyof typeof ARITY, Method>;
  const { connectionUpdate, connectToWhatsapp, sendDataWebhook } = stock;
  const wrong = Object.entries(ARITY).filter(([name, arity]) => {
    const method = prototype[name];
    return typeof method !== 'function' || method.length !== arity;
  });
  if (wrong.length > 0) {
    const methods = wrong.map(([name]) => name);
    log.error({ methods }, 'the Baileys channel has other methods than are known: its connections are not guarded');
    return false;
  }
  const watched = (channel: object) => {
    const connection = connectionOf(channel);
    return isGuarded(connection.name) ? connection : undefined;
  };
  stock.connectionUpdate = function (...args) {
    const connection = watched(this);
    const perform = () => connectionUpdate.apply(this, args);
    return connection ? watch.update(connection, read(args[0]), perform) : perform();
  };
  stock.connectToWhatsapp = function (...args) {
    const connection = watched(this);
    const perform = () => connectToWhatsapp.apply(this, args);
    return connection ? watch.connect(connection, perform) : perform();
  };
  // On the class itself, above the one that all channels inherit.
  stock.sendDataWebhook = function (event, data, ...rest) {
    const connection = event === CONNECTION_UPDATE ? watched(this) : undefined;
    const perform = (told: unknown) => sendDataWebhook.call(this, event, told, ...rest);
    return connection ? watch.tell(connection, data, perform) : perform(data);
  };
  return true;
}

function read(update: unknown): ConnectionUpdate {
  const { connection, lastDisconnect } = baileysUpdate.safeParse(update).data ?? {};
  const { message, output } = lastDisconnect?.error ?? {};
  return { state: connection, code: output?.statusCode, message };
}
