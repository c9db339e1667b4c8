import { chatOf } from '../event';
import { FakeChannel } from './fake-channel';
import type { Channel, Sender } from './sender';
import type { Rate, Task } from './task';

const ANSWER_MS = [5, 80] as const;
const WARM_UP_SECONDS = 2;

/** Callers that each wait for one send before the next, each in one chat. */
export async function measureThroughput(
  start: (channel: Channel) => Promise<Sender>,
  { chats, callers, seconds }: Extract<Task, { kind: 'throughput' }>,
): Promise<Rate> {
  const sender = await start(new FakeChannel(ANSWER_MS).take);
  const next = Array.from({ length: chats }, () => 0);
  const from = performance.now() + WARM_UP_SECONDS * 1000;
  const until = from + seconds * 1000;
  let sent = 0;
  const caller = async (chat: number) => {
    while (performance.now() < until) {
      const number = next[chat] ?? 0;
      next[chat] = number + 1;
      await sender.send({ chat: chatOf(chat), number });
      const now = performance.now();
      if (now >= from && now < until) sent += 1;
    }
  };
  await Promise.all(Array.from({ length: callers }, (_, index) => caller(index % chats)));
  await sender.stop();
  return { sendsPerSecond: sent / seconds };
}
