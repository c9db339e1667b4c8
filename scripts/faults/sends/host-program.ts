import { writeSync } from 'node:fs';
import { describe, GuardError } from '../../../src/core/errors';
import type { Assignment, Order } from './assignment';
import { ChannelClient } from './channel-client';
import { guarded, straightTo } from './make-sends';
import { messageOf } from './message';
import { Fate } from './steps';

/*
 * A host whose sends go through ordered sends, wired as in src/compose-sends.ts, or with `stock` straight to the channel. A
 * process of its own, so that it can be killed and stopped; what is known of it afterwards is its journal.
 */

/** See moving-clock.cjs. */
type Preloaded = { shiftClock?: (ms: number) => void };

/** A pipe: what was written into it can be read whatever becomes of this process. */
const JOURNAL = 3;
const TICK_MS = 2;
/** Below GUARD_SENDS_QUEUE_LIMIT: a refusal is another matter. */
const MOST_OUTSTANDING = 2_000;

/** One letter and what there is to say, written at once: c for called, w for written as, a for answered, r for refused, s for struck. */
const note = (letter: 'a' | 'c' | 'r' | 's' | 'w', number: number, more = '') =>
  writeSync(JOURNAL, `${letter}${number} ${more}\n`);

async function run(assignment: Assignment): Promise<void> {
  const { stream, chats, mostTypingMs, channelPort, isStock } = assignment;
  const channel = await ChannelClient.open(channelPort);
  const fate = new Fate();
  const written = (number: number, sendId: string) => note('w', number, sendId);
  const make = isStock
    ? straightTo(channel, fate)
    : await guarded(assignment, channel, { written, passed: fate.passed });

  let order = { first: 0, end: 0, perSecond: 1 };
  let next = 0;
  let outstanding = 0;
  let since = performance.now();
  const send = (number: number) => {
    note('c', number);
    outstanding += 1;
    void make(messageOf(stream, number, chats, mostTypingMs))
      .then(
        () => note('a', number),
        (error: unknown) => note('r', number, error instanceof GuardError ? error.code : describe(error)),
      )
      .finally(() => (outstanding -= 1));
  };
  setInterval(() => {
    const due = order.first + Math.floor(((performance.now() - since) / 1000) * order.perSecond);
    while (next < Math.min(order.end, due) && outstanding < MOST_OUTSTANDING) send(next++);
  }, TICK_MS);
  process.on('message', ({ send: sending, strike, shiftMs }: Order) => {
    const shift = () => shiftMs !== undefined && (globalThis as Preloaded).shiftClock?.(shiftMs);
    if (!strike) shift();
    else {
      fate.order(strike.blow, strike.step, strike.after, () => {
        shift();
        note('s', 0);
      });
    }
    if (!sending) return;
    order = { ...sending, first: Math.max(sending.first, next) };
    next = order.first;
    since = performance.now();
  });
  process.send?.('ready');
}

// The driver itself is gone.
process.once('disconnect', () => process.exit(1));
void run(JSON.parse(process.argv[2] ?? '') as Assignment);
