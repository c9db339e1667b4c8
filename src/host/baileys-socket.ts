import { z } from 'zod';
import { instanceOf, type Acknowledge } from './acknowledgements';

/** What WhatsApp's server says of a message that it was given (stanza `ack`, class message). */
const ackNode = z.object({
  attrs: z.object({ id: z.string().min(1), error: z.string().optional() }),
});

interface Socket {
  ws?: { on?: (event: string, listener: (node: unknown) => void) => unknown };
}

const heard = new WeakSet<object>();

/**
 * Hears the server's own acknowledgements on the socket that a channel sends by. Baileys tells its users of refusals only,
 * and of receipts, which do not come while the phone is off, nor for groups and statuses.
 */
export function hearServerAcks(channel: object, acknowledge: Acknowledge): void {
  const { client } = channel as { client?: Socket | null };
  const socket = client?.ws;
  if (!client || typeof socket?.on !== 'function' || heard.has(client)) return;
  heard.add(client); // every connection is a socket of its own
  socket.on('CB:ack,class:message', (node) => {
    const { data } = ackNode.safeParse(node);
    if (!data) return;
    const { id: messageId, error } = data.attrs;
    const common = { instance: instanceOf(channel), messageId, at: Date.now() };
    if (error === undefined) acknowledge([{ ...common, state: 'server_ack' }]);
    else acknowledge([{ ...common, state: 'failed', error: `refused by WhatsApp with ${error}` }]);
  });
}
