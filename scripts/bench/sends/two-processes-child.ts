import { setTimeout as sleep } from 'node:timers/promises';
import { currentAttempt } from '../../../src/sends/attempt';
import { chatOf } from '../event';
import { startGuarded } from './contenders/guarded';
import type { Stage } from './sender';

export interface Assignment extends Stage {
  sends: number;
  gapMs: number;
}

/** A message that is handed over; the bench answers it with its number. */
export interface Handover {
  number: number;
  fence: number;
}

/** The channel is the bench's own process, as it is one for all. */
async function run({ sends, gapMs, ...stage }: Assignment): Promise<void> {
  const answers = new Map<number, () => void>();
  const fences = new Map<string, number>();
  process.on('message', (number: number) => answers.get(number)?.());
  const sender = await startGuarded(
    stage,
    ({ number }) =>
      new Promise((resolve) => {
        answers.set(number, resolve);
        const fence = fences.get(currentAttempt()?.sendId ?? '') ?? Number.NaN;
        process.send?.({ number, fence } satisfies Handover);
      }),
    { begun: (sendId, fence) => fences.set(sendId, fence) },
  );
  process.send?.('ready');
  await new Promise((resolve) => process.once('message', resolve));
  const all: Promise<void>[] = [];
  for (let number = 0; number < sends; number += 1) {
    all.push(sender.send({ chat: chatOf(0), number }));
    await sleep(gapMs);
  }
  await Promise.all(all);
  await sender.stop();
  process.exit();
}

process.once('message', (assignment: Assignment) => {
  run(assignment).catch((error: unknown) => {
    console.error(error);
    process.exit(1);
  });
});
process.once('disconnect', () => process.exit(1));
