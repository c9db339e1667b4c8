import { z } from 'zod';
import { canonicalChat } from '../sends/canonical-chat';
import { SEND_STATES, type SendFilter, type SendState } from '../stores/send-store';

const ONCE = 'must be given once, as text';
const name = z.string(ONCE).min(1, 'must not be empty').max(255, 'must have at most 255 characters');

/** Any spelling that callers of the host use: the journal has one name for all of them. */
const chat = z.string(ONCE).transform((given, context) => {
  const canonical = canonicalChat(given);
  if (canonical !== undefined) return canonical;
  const message = `"${given}" names no chat: give a number with its country code, such as 5511900000000, or a JID`;
  context.addIssue({ code: 'custom', message });
  return z.NEVER;
});

const states = z.string(ONCE).transform((given, context) => {
  const names = given.split(',').map((each) => each.trim());
  const wrong = names.find((each) => !isState(each));
  if (wrong === undefined) return names.filter(isState);
  const message = `"${wrong}" is none of ${SEND_STATES.join(', ')}; several are separated by commas`;
  context.addIssue({ code: 'custom', message });
  return z.NEVER;
});

const isState = (text: string): text is SendState => (SEND_STATES as readonly string[]).includes(text);

/** What an operator may filter sends by, on the command line and over HTTP. */
export const sendFields = { instance: name.optional(), chat: chat.optional(), state: states.optional() };

/** Our ids are UUIDs, those of WhatsApp any printable characters. */
export const sendOrMessageId = z
  .string()
  .regex(/^[\x21-\x7e]{1,255}$/, 'must be the id of a send, or of its message in WhatsApp');

export const instanceName = name;

interface Asked {
  instance?: string | undefined;
  chat?: string | undefined;
  state?: SendState[] | undefined;
}

/** As the journal takes it. */
export function asSendFilter({ instance, chat, state }: Asked): SendFilter {
  return {
    ...(instance !== undefined && { instance }),
    ...(chat !== undefined && { chat }),
    ...(state && { states: state }),
  };
}
