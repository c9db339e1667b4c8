/* A program that consumes, for tests that kill it. What its handler does goes into the journal that such processes share. */
import { appendFileSync } from 'node:fs';
import { consumeEvents, type ConsumerOptions } from '../../src';
import { recordingLog } from '../helpers/recording-log';
import type { Line } from './consumer-journal';

export interface Assignment extends Pick<ConsumerOptions, 'url' | 'queue' | 'partitions' | 'prefetch'> {
  journal: string;
  mostWorkMs: number;
  /** Number of the event that no attempt can handle. */
  poison: number;
}

async function main({ journal, mostWorkMs, poison, ...options }: Assignment): Promise<void> {
  await consumeEvents({
    ...options,
    maxAttempts: 2,
    log: recordingLog(),
    async handler({ data }, { messageId, chat }) {
      const { number } = data as { number: number };
      const note = (step: Line['step']) => {
        const line: Line = { step, id: messageId ?? '', chat, number, pid: process.pid };
        appendFileSync(journal, `${JSON.stringify(line)}\n`);
        process.send?.(step); // look
      };
      note('begun');
      await new Promise((resolve) => setTimeout(resolve, Math.random() * mostWorkMs));
      if (number === poison) throw new Error('poison');
      note('done');
    },
  });
}

process.once('disconnect', () => process.exit()); // the test is gone
void main(JSON.parse(process.argv[2] ?? '') as Assignment);
