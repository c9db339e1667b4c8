import type { Log } from '../core/log';
import { SEND_ARITY, type ChannelController } from './shapes';

/** One call of the method in which all sends of the host meet. */
export interface SendCall {
  integration: string;
  /** The channel instance of the host. */
  channel: object;
  /** number, message, options, ... as the host passed them. */
  args: unknown[];
}

/** Stands around every send. */
export type SendHandler = (call: SendCall, stock: () => Promise<unknown>) => Promise<unknown>;

export const passSend: SendHandler = (_call, stock) => stock();

const METHOD = 'sendMessageWithTyping';
type Send = (this: object, ...args: unknown[]) => Promise<unknown>;

/**
 * Puts the handler around `sendMessageWithTyping` of each channel class, when the factory makes the first of it. The
 * method sits on the class's prototype (private in Baileys'), so that calls from within the class are met too.
 */
export function joinSends(controller: ChannelController, handler: SendHandler, log: Log): void {
  const joined = new WeakSet<object>();
  const make = controller.init.bind(controller);
  controller.init = (instanceData, parts) => {
    const channel = make(instanceData, parts);
    const integration = integrationOf(instanceData);
    const prototype = typeof channel === 'object' && channel !== null ? owner(channel) : undefined;
    if (channel && !prototype) log.error({ integration }, `this channel has no ${METHOD}: its sends are not guarded`);
    if (prototype && !joined.has(prototype)) {
      joined.add(prototype);
      wrap(prototype, integration, handler, log);
    }
    return channel;
  };
}

function wrap(prototype: Record<string, unknown>, integration: string, handler: SendHandler, log: Log): void {
  const stock = prototype[METHOD] as Send;
  if (stock.length !== SEND_ARITY[integration]) {
    const detail = { integration, expected: SEND_ARITY[integration], found: stock.length };
    log.error(detail, `${METHOD} has another signature: its sends are not guarded`);
    return;
  }
  prototype[METHOD] = function (this: object, ...args: unknown[]) {
    return handler({ integration, channel: this, args }, () => stock.apply(this, args));
  };
}

/** The prototype that holds the method itself. */
function owner(channel: object): Record<string, unknown> | undefined {
  for (let at: object | null = channel; at; at = Object.getPrototypeOf(at) as object | null) {
    const own = Object.getOwnPropertyDescriptor(at, METHOD);
    if (typeof own?.value === 'function') return at as Record<string, unknown>;
  }
  return undefined;
}

function integrationOf(instanceData: unknown): string {
  const { integration } = (instanceData ?? {}) as { integration?: unknown };
  return typeof integration === 'string' ? integration : 'unknown';
}
