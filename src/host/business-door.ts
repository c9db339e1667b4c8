import { currentAttempt, type Attempt, type Contact } from '../sends/attempt';
import { instanceOf, readBusinessStatuses } from './acknowledgements';
import { watchRequests } from './request-watch';
import type { SendsJoin } from './send-call';

type Method = (this: object, ...args: unknown[]) => Promise<unknown>;
const joined = new WeakSet<object>();

/** What Meta says when it wants patience: rates of the application, the account, and the pair of numbers (Cloud API error codes). */
const PUT_OFF = new Set([4, 80007, 130429, 131056]);

/**
 * Stands where the Business channel makes its request: learns how it went, which the channel itself keeps to itself, and
 * sends our own id along, which Meta gives back with every status of the message.
 */
export function joinBusinessDoor(prototype: Record<string, unknown>, _channel: object, join: SendsJoin): void {
  if (joined.has(prototype)) return;
  joined.add(prototype);
  joinPost(prototype, join);
  joinStatuses(prototype, join);
}

function joinPost(prototype: Record<string, unknown>, { log }: SendsJoin): void {
  const stock = prototype['post'] as Method | undefined;
  if (typeof stock !== 'function' || stock.length !== 2) {
    log.error({ found: stock?.length }, "the Business channel's post has another signature: requests are not watched");
    return;
  }
  prototype['post'] = async function (this: object, ...args: unknown[]) {
    const attempt = currentAttempt();
    const [message, path] = args;
    if (!attempt || path !== 'messages') return stock.apply(this, args);
    attempt.leave();
    const marked = { ...(message as object), biz_opaque_callback_data: attempt.sendId };
    const answer = await watchRequests(
      (contact) => (attempt.contact = contact),
      () => stock.apply(this, [marked, path]),
    );
    attempt.contact = judgeAnswer(attempt, answer);
    return answer;
  };
}

/** @param answer Meta's body, its `error` where it refused, or nothing where the request failed. */
function judgeAnswer({ contact }: Attempt, answer: unknown): Contact {
  const { messages, code, message } = (answer ?? {}) as { messages?: unknown; code?: unknown; message?: unknown };
  const id = Array.isArray(messages) ? (messages[0] as { id?: unknown } | undefined)?.id : undefined;
  if (typeof id === 'string') return { kind: 'taken', messageId: id };
  if (contact.kind === 'put-off' || contact.kind === 'not-written' || contact.kind === 'unanswered') return contact;
  if (typeof code === 'number') {
    const detail = `refused by WhatsApp with ${code} ${typeof message === 'string' ? message : ''}`.trim();
    return PUT_OFF.has(code) ? { kind: 'put-off', detail, retryAfterMs: undefined } : { kind: 'refused', detail };
  }
  return { kind: 'unanswered', detail: 'the answer was not understood' };
}

function joinStatuses(prototype: Record<string, unknown>, { acknowledge, log }: SendsJoin): void {
  const stock = prototype['eventHandler'] as Method | undefined;
  if (typeof stock !== 'function') {
    log.error({}, 'the Business channel has no eventHandler: acknowledgements are not seen');
    return;
  }
  prototype['eventHandler'] = function (this: object, ...args: unknown[]) {
    acknowledge(readBusinessStatuses(instanceOf(this), args[0], Date.now()));
    return stock.apply(this, args);
  };
}
