import { chatOf } from '../event';
import { FakeChannel, invertedPairs } from './fake-channel';
import type { Channel, Sender } from './sender';
import type { Rate, Task } from './task';

const WARM_UP_SECONDS = 2;

/** All chats get their burst at once; when all of it is answered, the next. The channel answers at once, so that only the way to it costs. */
export async function measureBursts(
  start: (channel: Channel) => Promise<Sender>,
  { chats, size, seconds }: Extract<Task, { kind: 'bursts' }>,
): Promise<Rate> {
  const channel = new FakeChannel([0, 0], { keeps: true });
  const sender = await start(channel.take);
  let bursts = 0;
  const burst = async () => {
    channel.arrivals.length = 0;
    const first = bursts * size;
    bursts += 1;
    const numbers = Array.from({ length: size }, (_, place) => first + place);
    const names = Array.from({ length: chats }, (_, chat) => chatOf(chat));
    await Promise.all(numbers.flatMap((number) => names.map((chat) => sender.send({ chat, number }))));
    return invertedPairs(channel.arrivals);
  };
  await during(WARM_UP_SECONDS, burst);
  const before = bursts;
  const begun = performance.now();
  const inverted = await during(seconds, burst);
  const taken = (performance.now() - begun) / 1000;
  await sender.stop();
  return { sendsPerSecond: ((bursts - before) * size * chats) / taken, invertedPairs: inverted };
}

/** Repeats the work while the time lasts, at least once. @returns the sum of what it came to. */
async function during(seconds: number, work: () => Promise<number>): Promise<number> {
  const end = performance.now() + seconds * 1000;
  let sum = 0;
  do sum += await work();
  while (performance.now() < end);
  return sum;
}
