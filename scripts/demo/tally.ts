/** A send that the host accepted. */
export interface Accepted {
  id: string;
  chat: string;
}

/** What became of the RabbitMQ events of all accepted sends. */
export interface Figures {
  accepted: number;
  delivered: number;
  lost: number;
  duplicated: number;
  outOfOrder: number;
}

/**
 * Compares what was accepted, each chat in the order of its sends, with the ids of the events as they came out of the
 * queue.
 */
export function tally(accepted: readonly Accepted[], seen: readonly string[]): Figures {
  const places = new Map(accepted.map(({ id, chat }, place) => [id, { chat, place }]));
  const ours = seen.filter((id) => places.has(id));
  const firsts = [...new Set(ours)];

  let outOfOrder = 0;
  const latest = new Map<string, number>();
  for (const id of firsts) {
    const { chat, place } = places.get(id) ?? { chat: '', place: 0 };
    if (place < (latest.get(chat) ?? 0)) outOfOrder += 1;
    latest.set(chat, place);
  }
  return {
    accepted: accepted.length,
    delivered: firsts.length,
    lost: accepted.length - firsts.length,
    duplicated: ours.length - firsts.length,
    outOfOrder,
  };
}
