import type { NewOutboxRow } from '../outbox-store';

/** A chat, as one sink sees it. */
interface Chat {
  sink: string;
  instance: string;
  chat: string;
}

export interface Counter extends Chat {
  last_number: number;
}

/** The chats of a batch. */
export interface Places {
  /** In the order of their keys, each with its number of events. */
  chats: (Chat & { key: string; events: number })[];
  /** The key of each row. */
  keys: string[];
}

/** With lengths in place of separators: a name may hold any character. */
const keyOf = ({ sink, instance, chat }: Chat) => `${sink.length} ${instance.length} ${sink}${instance}${chat}`;

export function placesOf(rows: readonly NewOutboxRow[]): Places {
  const keys = rows.map(keyOf);
  const events = new Map<string, number>();
  for (const key of keys) events.set(key, (events.get(key) ?? 0) + 1);
  const firsts = new Map(rows.map((row, index) => [keys[index] ?? '', row]));
  const chats = [...firsts].map(([key, { sink, instance, chat }]) => {
    return { key, sink, instance, chat, events: events.get(key) ?? 0 };
  });
  return { keys, chats: chats.sort((one, other) => (one.key < other.key ? -1 : 1)) };
}

/**
 * @param counters as they are once the events of this batch are counted.
 * @returns the number of each row within its chat.
 */
export function numberChats({ chats, keys }: Places, counters: readonly Counter[]): number[] {
  const last = new Map(counters.map((counter) => [keyOf(counter), counter.last_number]));
  const given = new Map(chats.map(({ key, events }) => [key, (last.get(key) ?? 0) - events]));
  return keys.map((key) => {
    const number = (given.get(key) ?? 0) + 1;
    given.set(key, number);
    return number;
  });
}
