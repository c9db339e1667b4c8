import type { NewOutboxRow } from '../outbox-store';

/** What events of one chat for one sink have in common, and how many of them are in the batch. */
interface Place {
  sink: string;
  instance: string;
  chat: string;
  partition: number;
  chatKey: number;
  events: number;
  /** Counted from 1, as the database does. */
  number: number;
}

interface Kind {
  event: string;
  target: string;
  receiverKey: number;
  number: number;
}

/**
 * Takes a batch apart for one statement: what many rows share goes over once, and payloads as one piece of bytes that
 * the database cuts, as an array of texts would have every quote in them escaped here and unescaped there.
 *
 * @returns the parameters of the statement in append-events.ts, in its order.
 */
export function columnsOf(rows: readonly NewOutboxRow[]): unknown[] {
  const places = new Map<string, Place>();
  const kinds = new Map<string, Kind>();
  const payloads = rows.map(({ payload }) => Buffer.from(payload));
  const [place, nth, kind, start]: [number[], number[], number[], number[]] = [[], [], [], []];
  let next = 1; // the database counts bytes from 1
  for (const [index, row] of rows.entries()) {
    const of = placeOf(row, places);
    of.events += 1;
    place.push(of.number);
    nth.push(of.events);
    kind.push(kindOf(row, kinds).number);
    start.push(next);
    next += payloads[index]?.length ?? 0;
  }
  const dead = rows.filter(({ deadReason }) => deadReason !== undefined);
  const [at, of] = [[...places.values()], [...kinds.values()]];
  return [
    at.map(({ sink }) => sink),
    at.map(({ instance }) => instance),
    at.map(({ chat }) => chat),
    list(at.map(({ partition }) => partition)),
    list(at.map(({ chatKey }) => chatKey)),
    list(at.map(({ events }) => events)),
    of.map(({ event }) => event),
    of.map(({ target }) => target),
    list(of.map(({ receiverKey }) => receiverKey)),
    dead.map(({ eventId }) => eventId),
    dead.map(({ sink }) => sink),
    dead.map(({ deadReason }) => deadReason),
    Buffer.concat(payloads),
    list(rows.map(({ eventId }) => eventId)),
    list(place),
    list(nth),
    list(kind),
    list(start),
    list(payloads.map(({ length }) => length)),
    list(rows.map(({ capturedAt }) => capturedAt)),
  ];
}

/** An array literal of what needs no quoting: the driver would look at each element for what it is. */
const list = (values: readonly (number | string)[]) => `{${values.join()}}`;

function placeOf({ sink, instance, chat, partition, chatKey }: NewOutboxRow, places: Map<string, Place>): Place {
  const key = `${sink}\0${instance}\0${chat}`; // no text in the database holds a NUL
  const known = places.get(key);
  if (known) return known;
  const place = { sink, instance, chat, partition, chatKey, events: 0, number: places.size + 1 };
  places.set(key, place);
  return place;
}

function kindOf({ event, target, receiverKey }: NewOutboxRow, kinds: Map<string, Kind>): Kind {
  const key = `${event}\0${receiverKey}\0${target}`;
  const known = kinds.get(key);
  if (known) return known;
  const kind = { event, target, receiverKey, number: kinds.size + 1 };
  kinds.set(key, kind);
  return kind;
}
