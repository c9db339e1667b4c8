import { crc32 } from 'node:zlib';
import { PARTITIONS } from '../stores/outbox-store';

/** Where the host's events name their chat, most specific first. `id` counts only where it looks like a JID. */
function jidIn(data: unknown): string | undefined {
  if (typeof data !== 'object' || data === null) return undefined;
  const { key, remoteJid, chatId, id } = data as Record<string, unknown>;
  const inner = typeof key === 'object' && key !== null ? (key as Record<string, unknown>).remoteJid : undefined;
  if (typeof inner === 'string' && inner) return inner;
  if (typeof remoteJid === 'string' && remoteJid) return remoteJid;
  if (typeof chatId === 'string' && chatId) return chatId;
  return typeof id === 'string' && id.includes('@') ? id : undefined;
}

/**
 * The chat that an event belongs to, as a JID without device, or '' for one that belongs to no chat or to several.
 * The EVOLUTION channel names chats by bare numbers; they are taken as users.
 */
export function chatOf(data: unknown): string {
  if (!Array.isArray(data)) return normalize(jidIn(data));
  const chats = new Set(data.map((item) => normalize(jidIn(item))));
  return chats.size === 1 ? ([...chats][0] ?? '') : '';
}

function normalize(jid: string | undefined): string {
  if (!jid) return '';
  const [user = '', server = 's.whatsapp.net'] = jid.trim().toLowerCase().split('@');
  return `${user.replace(/:\d+$/, '')}@${server === 'c.us' ? 's.whatsapp.net' : server}`;
}

/** Places a chat: events of one chat always share a key and a partition. */
export function placeOf(instance: string, chat: string): { chatKey: number; partition: number } {
  const chatKey = hash32(`${instance}\0${chat}`);
  return { chatKey, partition: (chatKey >>> 0) % PARTITIONS };
}

/** CRC-32 as the signed number that a database column holds: well spread, and fast, which is all that is asked of it. */
export const hash32 = (text: string) => crc32(text) | 0;
