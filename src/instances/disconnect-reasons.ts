/** Baileys: the socket is closed so that the pairing comes into force, and wants a new one at once. */
export const RESTART_REQUIRED = 515;

/** In words. Sources: Baileys' DisconnectReason, and whatsmeow's ConnectFailureReason for what Baileys passes on unnamed. */
const WORDS: Readonly<Record<number, string>> = {
  401: 'logged out',
  402: 'banned for a time',
  403: 'forbidden: the account or its main device is gone',
  405: 'this version of the client is too old',
  406: 'logged out for an unknown reason',
  408: 'timed out or lost',
  411: 'multi-device mismatch',
  428: 'connection closed',
  440: 'replaced by another connection with the same session',
  500: 'bad session',
  503: 'service unavailable',
  515: 'restart required',
};

/** Messages may hold whatever a server wrote. */
const MOST_CHARACTERS = 200;

/** Why a connection was closed, for people: `connection closed (428): Connection Terminated`. */
export function disconnectReason(code: number | undefined, message: string | undefined): string {
  const words = code === undefined ? 'closed without a code' : `${WORDS[code] ?? 'closed'} (${code})`;
  // PostgreSQL takes no NUL.
  return (message ? `${words}: ${message}` : words).replaceAll('\0', '').slice(0, MOST_CHARACTERS);
}
