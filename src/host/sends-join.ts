import { joinBaileysDoor } from './baileys-door';
import { joinBusinessDoor } from './business-door';
import { SEND_ARITY, type ChannelController } from './shapes';
import { SEND_METHODS, type SendMethod, type SendsJoin } from './send-call';

type Method = (this: object, ...args: unknown[]) => Promise<unknown>;
type Prototype = Record<string, unknown>;

/** Baileys' channel changes and deletes messages by its socket, past its own send. The others can do neither. */
const BESIDES: Readonly<Record<string, readonly SendMethod[]>> = {
  'WHATSAPP-BAILEYS': ['updateMessage', 'deleteMessage'],
};

/** What stands where bytes leave the process, for each kind of channel. Through EVOLUTION none leave. */
const DOORS: Readonly<Record<string, (prototype: Prototype, channel: object, join: SendsJoin) => void>> = {
  'WHATSAPP-BAILEYS': joinBaileysDoor,
  'WHATSAPP-BUSINESS': joinBusinessDoor,
};

/**
 * Puts the handler around the sends of each channel class, when the factory makes the first of it. The methods sit on the
 * class's prototype (private in Baileys'), so that calls from within the class are met too.
 */
export function joinSends(controller: ChannelController, join: SendsJoin): void {
  const joined = new WeakSet<object>();
  const make = controller.init.bind(controller);
  controller.init = (instanceData, parts) => {
    const channel = make(instanceData, parts);
    const integration = integrationOf(instanceData);
    if (typeof channel !== 'object' || channel === null) return channel;
    const prototype = ownerOf(channel, SEND_METHODS[0]);
    if (!prototype) {
      join.log.error({ integration }, `this channel has no ${SEND_METHODS[0]}: its sends are not guarded`);
    } else if (!joined.has(prototype)) {
      joined.add(prototype);
      wrapMethods(prototype, channel, integration, join);
    }
    DOORS[integration]?.(prototype ?? {}, channel, join);
    return channel;
  };
}

function wrapMethods(prototype: Prototype, channel: object, integration: string, { handler, log }: SendsJoin): void {
  const found = (prototype[SEND_METHODS[0]] as Method).length;
  if (found !== SEND_ARITY[integration]) {
    const detail = { integration, expected: SEND_ARITY[integration], found };
    log.error(detail, `${SEND_METHODS[0]} has another signature: its sends are not guarded`);
    return;
  }
  for (const method of [SEND_METHODS[0], ...(BESIDES[integration] ?? [])]) {
    const owner = ownerOf(channel, method);
    if (!owner) {
      log.warn({ integration }, `this channel has no ${method}`);
      continue;
    }
    const stock = owner[method] as Method;
    owner[method] = function (this: object, ...args: unknown[]) {
      return handler({ integration, method, channel: this, args }, () => stock.apply(this, args));
    };
  }
}

/** The prototype that holds a method itself. */
export function ownerOf(channel: object, method: string): Prototype | undefined {
  for (let at: object | null = channel; at; at = Object.getPrototypeOf(at) as object | null) {
    const own = Object.getOwnPropertyDescriptor(at, method);
    if (typeof own?.value === 'function') return at as Prototype;
  }
  return undefined;
}

function integrationOf(instanceData: unknown): string {
  const { integration } = (instanceData ?? {}) as { integration?: unknown };
  return typeof integration === 'string' ? integration : 'unknown';
}
