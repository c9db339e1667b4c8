import { setTimeout as sleep } from 'node:timers/promises';
import { chatOf } from '../event';
import type { Trips } from './contenders/guarded';
import { FakeChannel, type Message } from './fake-channel';
import type { Channel, Sender } from './sender';
import type { Cost, Pace } from './task';

/** A gateway runs for weeks: its code is compiled and its connections are open. */
const WARM_UP_SECONDS = 5;

const keyOf = ({ chat, number }: Message) => `${chat} ${number}`;

/**
 * Sends at a fixed rate, whatever becomes of them, and takes the time from each call until the channel is entered.
 *
 * @param trips filled by the sender, where it tells them.
 */
export async function measurePaced(
  start: (channel: Channel, trips: Trips) => Promise<Sender>,
  { chats, perSecond, answerMs, seconds }: Pace,
): Promise<Cost> {
  const calls = new Map<string, number>();
  const costs: number[] = [];
  let counts = false;
  const entered = (message: Message) => {
    const called = calls.get(keyOf(message));
    calls.delete(keyOf(message));
    if (counts && called !== undefined) costs.push(performance.now() - called);
  };
  const trips: Trips = { lock: [], journal: [] };
  const sender = await start(new FakeChannel(answerMs, { entered }).take, trips);

  const underWay = new Set<Promise<void>>();
  const total = perSecond * (WARM_UP_SECONDS + seconds);
  const begun = performance.now();
  for (let called = 0; called < total; await sleep(1)) {
    const due = Math.min(total, Math.floor(((performance.now() - begun) / 1000) * perSecond));
    for (; called < due; called += 1) {
      if (called === perSecond * WARM_UP_SECONDS) {
        counts = true;
        trips.lock.length = trips.journal.length = 0;
      }
      const message = { chat: chatOf(called % chats), number: Math.floor(called / chats) };
      calls.set(keyOf(message), performance.now());
      const sent = sender.send(message).finally(() => underWay.delete(sent));
      underWay.add(sent);
    }
  }
  await Promise.all(underWay);
  await sender.stop();
  const { lock, journal } = trips;
  return {
    p50Ms: quantile(costs, 0.5),
    p95Ms: quantile(costs, 0.95),
    p99Ms: quantile(costs, 0.99),
    sends: costs.length,
    ...(lock.length > 0 && { lockP50Ms: quantile(lock, 0.5), lockP99Ms: quantile(lock, 0.99) }),
    ...(journal.length > 0 && { journalP50Ms: quantile(journal, 0.5), journalP99Ms: quantile(journal, 0.99) }),
  };
}

function quantile(values: number[], q: number): number {
  const sorted = values.sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? NaN;
}
