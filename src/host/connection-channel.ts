import { createWaker } from '../core/waker';
import { CONNECTION_STATES, type ConnectionState } from '../stores/instance-store';
import type { Connection, Socket } from '../instances/connection';

/** What is looked at of a Baileys channel; its socket (`client`) is replaced with every connect. */
interface Channel {
  instance?: { name?: unknown; id?: unknown };
  connectionStatus?: { state?: unknown } | null;
  client?: Client | null;
}

/** A Baileys socket. */
interface Client {
  ws?: { isOpen?: unknown } | null;
  query?: (node: object, timeoutMs: number) => Promise<unknown>;
  end?: (error: Error) => unknown;
}

const connections = new WeakMap<object, Connection>();

/** The connection that a channel has: the same object each time. */
export function connectionOf(channel: object): Connection {
  const known = connections.get(channel);
  if (known) return known;
  const connection = new ChannelConnection(channel);
  connections.set(channel, connection);
  return connection;
}

class ChannelConnection implements Connection {
  constructor(private readonly channel: Channel) {}

  get name(): string {
    return textOf(this.channel.instance?.name);
  }

  get instanceId(): string {
    return textOf(this.channel.instance?.id);
  }

  get state(): ConnectionState | undefined {
    const { state } = this.channel.connectionStatus ?? {};
    return CONNECTION_STATES.find((each) => each === state);
  }

  get socket(): Socket | undefined {
    const { client } = this.channel;
    return client ? socketOf(client) : undefined;
  }
}

const textOf = (value: unknown) => (typeof value === 'string' ? value : '');

function socketOf(client: Client): Socket {
  const isOpen = client.ws?.isOpen;
  const canAsk = typeof client.query === 'function';
  return {
    identity: client,
    isOpen: typeof isOpen === 'boolean' ? isOpen : undefined,
    ...(canAsk && { answers: (...given) => answers(client as Required<Client>, ...given) }),
    end: (reason) => void client.end?.(new Error(reason)),
  };
}

/** What Baileys asks itself to keep a connection alive (lib/Socket/socket.js); it gives the id. */
const ping = () => ({
  tag: 'iq',
  attrs: { to: '@s.whatsapp.net', type: 'get', xmlns: 'w:p' },
  content: [{ tag: 'ping', attrs: {} }],
});
/** Baileys gives up a little later than we do: it resolves to nothing then, as some sockets do that have answered. */
const LATER_MS = 5_000;

async function answers(client: Required<Client>, timeoutMs: number, signal: AbortSignal): Promise<boolean> {
  const waker = createWaker();
  const silence = waker.wait(timeoutMs, signal).then(() => false);
  const answer = new Promise((resolve) => resolve(client.query(ping(), timeoutMs + LATER_MS)));
  return Promise.race([answer.then(() => true, isAnswer), silence]).finally(() => waker.wake());
}

/** An error that WhatsApp sent has its code as `data`; others mean that nothing went out or came back. */
function isAnswer(error: unknown): boolean {
  return typeof (error as { data?: unknown } | undefined)?.data === 'number';
}
