import { describe } from '../core/errors';
import type { NewSend } from '../stores/send-store';
import type { Attempt } from './attempt';

/** What an attempt came to. */
export type Verdict =
  | { kind: 'sent'; messageId: string | undefined }
  /** Nothing can have been sent, or a repeat does no harm. */
  | { kind: 'again'; detail: string; afterMs: number | undefined }
  /** The chat is somebody else's by now; nothing was sent. */
  | { kind: 'lease-lost' }
  | { kind: 'failed'; detail: string }
  | { kind: 'unknown'; detail: string };

/** How a call of the host's own send ended. */
export type Ending = { result: unknown } | { error: unknown };

/**
 * What Baileys and the host say of a socket that is not there: closed, lost, replaced, being restarted, not made yet. The
 * host wraps errors into answers of its own, so only words are left of them.
 */
const NO_CONNECTION =
  /connection (closed|lost|was lost|terminated|failure|replaced)|timed out|not open|stream errored|restart required|(of undefined|of null) \(reading '(sendMessage|onWhatsApp|relayMessage|sendPresenceUpdate|presenceSubscribe|user)'\)|ECONNREFUSED|ENOTFOUND|EAI_AGAIN|ECONNRESET/i;

/** Whether the receiver sees one message, or one change of it, however often it is sent. */
export const isRepeatable = ({ messageId, kind }: Pick<NewSend, 'messageId' | 'kind'>) =>
  messageId !== undefined || kind === 'edit' || kind === 'delete';

/**
 * @param mayRepeat whether a repeat does no harm, even where the first one went out.
 */
export function judge(attempt: Attempt, ending: Ending, mayRepeat: boolean): Verdict {
  const { contact } = attempt;
  switch (contact.kind) {
    case 'held-back':
      return { kind: 'lease-lost' };
    case 'taken':
      return { kind: 'sent', messageId: contact.messageId ?? attempt.messageId };
    case 'refused':
      return { kind: 'failed', detail: contact.detail };
    case 'put-off':
      return { kind: 'again', detail: contact.detail, afterMs: contact.retryAfterMs };
    case 'not-written':
      return { kind: 'again', detail: contact.detail, afterMs: undefined };
    case 'unanswered':
      if (mayRepeat) return { kind: 'again', detail: contact.detail, afterMs: undefined };
      return { kind: 'unknown', detail: contact.detail };
    case 'under-way':
    case 'none':
      return judgeEnding(ending, contact.kind === 'none' || mayRepeat, attempt.messageId);
  }
}

function judgeEnding(ending: Ending, mayRepeat: boolean, messageId: string | undefined): Verdict {
  // A channel that nothing leaves by (EVOLUTION), or one that did not say how it went.
  if ('result' in ending) return { kind: 'sent', messageId: messageIdOf(ending.result) ?? messageId };
  const detail = wordsOf(ending.error);
  if (!mayRepeat) return { kind: 'unknown', detail };
  if (NO_CONNECTION.test(detail)) return { kind: 'again', detail, afterMs: undefined };
  return { kind: 'failed', detail };
}

function messageIdOf(result: unknown): string | undefined {
  const key = (result as { key?: { id?: unknown } } | null | undefined)?.key;
  return typeof key?.id === 'string' ? key.id : undefined;
}

/** The host throws objects such as `{status: 400, error: 'Bad Request', message: ['Error: Connection Closed']}`. */
export function wordsOf(error: unknown): string {
  const { message } = (error ?? {}) as { message?: unknown };
  if (error instanceof Error || message === undefined) return describe(error);
  return Array.isArray(message)
    ? message.map((each) => (typeof each === 'string' ? each : JSON.stringify(each))).join('; ')
    : describe(message);
}
