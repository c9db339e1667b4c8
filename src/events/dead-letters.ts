import type {
  ChangeOptions,
  Chosen,
  DeadLetterStore,
  EventFilter,
  RedriveOptions,
  Stretch,
} from '../stores/dead-letters';

export interface Outcome {
  dryRun: boolean;
  /** Rows that were changed; in a dry run, those that would be. An event for two sinks is two rows. */
  changed: number;
  /** Dead letters that stay, as they are larger than GUARD_EVENT_MAX_BYTES; the first of them by name. */
  tooLarge: { count: number; first: { eventId: string; payloadBytes: number }[] };
  /** Events named by id that were not there in the state asked for. */
  notFound: string[];
}

/** Told after each batch how many rows were changed so far. */
export type Progress = (changed: number) => void;

/** One statement changes at most this many rows: it holds their locks. */
const BATCH_ROWS = 1_000;
/** One statement looks at no more than this many rows: a replay that finds few must not run into the time limit. */
const BATCH_WIDTH = 50_000;
const NAMED = 50;

/** Makes dead letters pending again, the oldest first. */
export function redrive(
  store: DeadLetterStore,
  filter: EventFilter,
  options: RedriveOptions,
  progress?: Progress,
): Promise<Outcome> {
  return inBatches(store, filter, options, (stretch) => store.redrive(filter, stretch, options), progress);
}

/** Deletes dead letters for good. */
export function discard(
  store: DeadLetterStore,
  filter: EventFilter,
  options: ChangeOptions,
  progress?: Progress,
): Promise<Outcome> {
  return inBatches(store, filter, options, (stretch) => store.discard(filter, stretch, options), progress);
}

/** Makes delivered events pending again, the oldest first. What is delivered after the call began is left alone. */
export function replay(
  store: DeadLetterStore,
  filter: EventFilter,
  options: ChangeOptions,
  progress?: Progress,
): Promise<Outcome> {
  return inBatches(store, filter, options, (stretch) => store.replay(filter, stretch, options), progress);
}

/** Walks the outbox as it is now, once: what the relay delivers or parks again meanwhile lies behind the walk. */
export async function inBatches(
  { extent }: Pick<DeadLetterStore, 'extent'>,
  { eventIds }: EventFilter,
  { dryRun, rows: most = BATCH_ROWS }: ChangeOptions & { rows?: number },
  change: (stretch: Stretch) => Promise<Chosen[]>,
  progress?: Progress,
): Promise<Outcome> {
  const { firstSeq, lastSeq } = await extent();
  const outcome: Outcome = { dryRun, changed: 0, tooLarge: { count: 0, first: [] }, notFound: [] };
  const missing = new Set(eventIds);
  // Events named by id are found by their index: no need for many stretches.
  const width = eventIds ? lastSeq : BATCH_WIDTH;
  for (let afterSeq = firstSeq - 1; afterSeq < lastSeq;) {
    const throughSeq = Math.min(lastSeq, afterSeq + width);
    const rows = await change({ afterSeq, throughSeq, rows: most });
    count(rows, outcome);
    for (const row of rows) missing.delete(row.eventId);
    afterSeq = rows.length < most ? throughSeq : (rows.at(-1)?.seq ?? throughSeq);
    if (rows.length > 0) progress?.(outcome.changed);
  }
  outcome.notFound = [...missing];
  return outcome;
}

function count(rows: readonly Chosen[], outcome: Outcome): void {
  const refused = rows.filter(({ tooLarge }) => tooLarge);
  outcome.changed += rows.length - refused.length;
  outcome.tooLarge.count += refused.length;
  const room = NAMED - outcome.tooLarge.first.length;
  outcome.tooLarge.first.push(
    ...refused.slice(0, room).map(({ eventId, payloadBytes }) => ({ eventId, payloadBytes })),
  );
}
