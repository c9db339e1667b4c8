import type { GuardError } from '../../core/errors';
import { makeAgain, type MakeAgainParts } from './left-sends';
import { Ears } from './ears';
import type { HostSends } from './run-parts';
import { Sequences, type SequencesOptions } from './sequences';

/** What only sequences need of the world outside. */
export interface SequenceParts extends Pick<SequencesOptions, 'store' | 'http' | 'isGuarded'> {
  host: HostSends;
  hosts: { refusal(url: string): GuardError | undefined };
}

export type SequencesSurroundings = MakeAgainParts &
  Omit<SequencesOptions, keyof SequenceParts | 'ears' | 'checks' | 'makeAgain'> & {
    chatOf: (instance: string, number: unknown) => string | undefined;
  };

/** Makes them ready; they run from `start` on. */
export function createSequences(parts: SequenceParts, surroundings: SequencesSurroundings): Sequences {
  const { host, hosts } = parts;
  const { chatOf } = surroundings;
  return new Sequences({
    ...surroundings,
    ...parts,
    ears: new Ears(),
    checks: {
      chatOf,
      sendMistakes: (send, to) => host.mistakes(send, to),
      urlMistake: (url) => hosts.refusal(url)?.message,
    },
    makeAgain: (send, key) => makeAgain(surroundings, send, key),
  });
}
