/** Servers of WhatsApp whose addresses are chats as they stand. */
const CHATS = /^[^@]+@(g\.us|lid|broadcast|newsletter)$/;

/** A group's id is at least this long where it has no dash, and this long where it is `<founder>-<time>`. */
const GROUP_DIGITS = 18;
const DASHED_GROUP = 24;

/**
 * One name for all spellings of a chat: `+55 (11) 98888-7777`, `5511988887777:3@s.whatsapp.net` and `551188887777@c.us`
 * are one. The host spells numbers in its own way before it sends (createJid, where a Brazilian number keeps or loses its
 * ninth digit); here only sameness counts, so the folded form need not be one that WhatsApp knows.
 *
 * @param number as a caller of the host wrote it: digits with or without decoration, or a JID.
 * @returns a JID in lower case; undefined where it names no single chat.
 */
export function canonicalChat(number: unknown): string | undefined {
  if (typeof number !== 'string') return undefined;
  const text = number
    .trim()
    .toLowerCase()
    .replace(/:\d+(?=@|$)/, '');
  if (CHATS.test(text)) return text;
  const [user = '', server = 's.whatsapp.net', ...more] = text.split('@');
  if (more.length > 0 || (server !== 's.whatsapp.net' && server !== 'c.us')) return undefined;
  const bare = user.replaceAll(/[\s+().]/g, '');
  if (!/^[\d-]+$/.test(bare)) return undefined;
  if (bare.includes('-') && bare.length >= DASHED_GROUP) return `${bare}@g.us`;
  const digits = bare.replaceAll('-', '');
  if (digits === '') return undefined;
  return digits.length >= GROUP_DIGITS ? `${digits}@g.us` : `${fold(digits)}@s.whatsapp.net`;
}

/**
 * Numbers that WhatsApp knows in two forms: Brazilian mobiles with and without the ninth digit, Mexican ones with and
 * without 1, Argentine ones with and without 9, each behind the country code.
 */
function fold(digits: string): string {
  const brazil = /^(55[1-9]\d)9([6-9]\d{7})$/.exec(digits);
  if (brazil) return `${brazil[1]}${brazil[2]}`;
  const other = /^(?:(52)1|(54)9)(\d{10})$/.exec(digits);
  if (other) return `${other[1] ?? other[2]}${other[3]}`;
  return digits;
}
