import type { NewOutboxRow } from '../outbox-store';

/** A chat, as one sink sees it. */
interface Place {
  sink: string;
  instance: string;
  chat: string;
}

export interface Counter extends Place {
  last_number: number;
}

/** Not joined by a separator: a name may hold any character. */
const keyOf = ({ sink, instance, chat }: Place) => JSON.stringify([sink, instance, chat]);

/** The chats of a batch in the order of their keys, each with its number of events. */
export function placesOf(rows: readonly NewOutboxRow[]): (Place & { events: number })[] {
  const places = new Map<string, Place & { events: number }>();
  for (const { sink, instance, chat } of rows) {
    const key = keyOf({ sink, instance, chat });
    const place = places.get(key) ?? { sink, instance, chat, events: 0 };
    place.events += 1;
    places.set(key, place);
  }
  return [...places].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, place]) => place);
}

/**
 * @param counters as they are once the events of this batch are counted.
 * @returns the number of each row within its chat.
 */
export function numberChats(
  rows: readonly NewOutboxRow[],
  places: readonly (Place & { events: number })[],
  counters: readonly Counter[],
): number[] {
  const last = new Map(counters.map((counter) => [keyOf(counter), counter.last_number]));
  const given = new Map(places.map((place) => [keyOf(place), (last.get(keyOf(place)) ?? 0) - place.events]));
  return rows.map((row) => {
    const number = (given.get(keyOf(row)) ?? 0) + 1;
    given.set(keyOf(row), number);
    return number;
  });
}
