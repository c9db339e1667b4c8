import { setTimeout as sleep } from 'node:timers/promises';
import { chatOf } from '../event';
import { FakeChannel, invertedPairs } from './fake-channel';
import type { Channel, Sender } from './sender';
import type { Results } from './task';

const ANSWER_MS = [5, 80] as const;

/** One chat, sends that nobody waits for before the next: how many pairs arrive in the wrong order. */
export async function measureOrder(
  start: (channel: Channel) => Promise<Sender>,
  sends: number,
  gapMs: number,
): Promise<Results['order']> {
  const channel = new FakeChannel(ANSWER_MS, { keeps: true });
  const sender = await start(channel.take);
  const begun = performance.now();
  const all: Promise<void>[] = [];
  for (let number = 0; number < sends; number += 1) {
    all.push(sender.send({ chat: chatOf(0), number }));
    await sleep(gapMs);
  }
  await Promise.all(all);
  const seconds = (performance.now() - begun) / 1000;
  await sender.stop();
  const { arrivals } = channel;
  if (arrivals.length !== sends) throw new Error(`${arrivals.length} of ${sends} sends arrived`);
  return { sends, invertedPairs: invertedPairs(arrivals), seconds };
}
