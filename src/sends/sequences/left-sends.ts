import { describe } from '../../core/errors';
import type { Log } from '../../core/log';
import type { AdoptedSend } from '../../stores/send-store';
import { isRepeatable } from '../judge';
import { chatKey } from '../send-request';
import { inSurroundings } from '../turn';
import type { Work } from './run-parts';

/** In memory, for all sequences. Beyond, they are made before their sequence goes on. */
const MOST_LEFT = 1_000;

/**
 * Gives sends that were taken over to the sequences that they belong to, or come after in their chat: the sequence has the
 * chat's turn, and makes them when theirs has come. Ids are made in the order of acceptance.
 *
 * @returns the others, which come before every sequence of their chat, or cannot be made.
 */
export function shareOut(sends: readonly AdoptedSend[], works: readonly Work[]): AdoptedSend[] {
  const byChat = new Map<string, Work[]>();
  for (const work of works) byChat.set(work.key, [...(byChat.get(work.key) ?? []), work]);
  let room = MOST_LEFT - works.reduce((sum, { left }) => sum + left.length, 0);
  return sends.filter((send) => {
    if (!send.body || (send.state === 'sending' && !isRepeatable(send))) return true;
    const here = byChat.get(chatKey(send.instance, send.chat)) ?? [];
    const own = here.find(({ sendId }) => sendId === send.sendId);
    const before = here.filter(({ id }) => id < send.sendId).sort((one, other) => (one.id < other.id ? -1 : 1));
    const work = own ?? (room > 0 ? before.at(-1) : undefined);
    if (!work) return true;
    room -= 1;
    work.left = [...work.left, send].sort((one, other) => (one.sendId < other.sendId ? -1 : 1));
    return false;
  });
}

export interface MakeAgainParts {
  /** Calls the host's method again that a send was made with. */
  repeat: (send: AdoptedSend) => Promise<unknown>;
  /** Told how a send that was taken over came out. */
  ended: (send: AdoptedSend, ending: { result: unknown } | { error: unknown }) => Promise<void>;
  log: Log;
}

/** Makes a send that was taken over. Its chat's turn is the caller's. @returns what it failed with; never rejects. */
export async function makeAgain(
  { repeat, ended, log }: MakeAgainParts,
  send: AdoptedSend,
  key: string,
): Promise<unknown> {
  const within = { key, isUnderWay: true };
  const around = { caller: send.caller, isHigh: true, within, resumed: send };
  const ending = await inSurroundings(around, async () => repeat(send)).then(
    (result) => ({ result }),
    (error: unknown) => ({ error }),
  );
  within.isUnderWay = false;
  if ('error' in ending) {
    log.warn({ sendId: send.sendId, detail: describe(ending.error) }, 'a send was resumed and failed');
  }
  await ended(send, ending).catch((error: unknown) => {
    log.warn({ detail: describe(error) }, 'the answer of a resumed send is not stored');
  });
  return 'error' in ending ? ending.error : undefined;
}
