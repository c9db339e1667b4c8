import type { Host } from './host';

const FAST_PER_SECOND = 1_000;

/**
 * Emits a fifth of the events, then three fifths while something breaks, then the rest. Resolves when all are
 * acknowledged.
 *
 * @param seconds about how long `breakIt` takes.
 */
export async function emitAround(
  host: Host,
  events: number,
  seconds: number,
  breakIt: () => Promise<void>,
): Promise<void> {
  const before = Math.ceil(events / 5);
  const during = Math.ceil((events * 4) / 5);
  host.emit(before, FAST_PER_SECOND);
  await host.untilAcknowledged(before);
  host.emit(during, (during - before) / seconds);
  await breakIt();
  host.emit(events, FAST_PER_SECOND);
  await host.untilAcknowledged(events);
}
