import { z } from 'zod';
import { SEQUENCE_STATES, type SequenceFilter, type SequenceState } from '../stores/sequence-store';
import { sendFields } from './send-query';

const states = z.string('must be given once, as text').transform((given, context) => {
  const names = given.split(',').map((each) => each.trim());
  const wrong = names.find((each) => !isState(each));
  if (wrong === undefined) return names.filter(isState);
  const message = `"${wrong}" is none of ${SEQUENCE_STATES.join(', ')}; several are separated by commas`;
  context.addIssue({ code: 'custom', message });
  return z.NEVER;
});

const isState = (text: string): text is SequenceState => (SEQUENCE_STATES as readonly string[]).includes(text);

/** What an operator may filter sequences by, on the command line and over HTTP. */
export const sequenceFields = {
  instance: sendFields.instance,
  chat: sendFields.chat,
  state: states.optional(),
};

export const sequenceId = z.uuid('must be the id of a sequence, a UUID');

interface Asked {
  instance?: string | undefined;
  chat?: string | undefined;
  state?: SequenceState[] | undefined;
}

export function asSequenceFilter({ instance, chat, state }: Asked): SequenceFilter {
  return {
    ...(instance !== undefined && { instance }),
    ...(chat !== undefined && { chat }),
    ...(state && { states: state }),
  };
}
