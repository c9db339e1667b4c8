import type { CommanderError } from 'commander';
import { Command, InvalidArgumentError, Option } from 'commander';

/** In the order in which they are measured. */
export const PARTS = ['order', 'throughput', 'cost', 'redlock', 'processes', 'bullmq'] as const;
export type Part = (typeof PARTS)[number];

export interface BenchOptions {
  json?: true;
  /** Of each measurement that is not counted in sends. */
  seconds: number;
  only: Part[];
  /** Folder for CPU profiles. */
  profile?: string;
}

const EXAMPLES = `
Parts:
  order        200 sends to one chat, 2 ms apart: pairs that arrive in the wrong order
  throughput   200 callers in 100 chats: sends a second against an ordered sender without lock and journal
  cost         what lock and journal add to one send, at 100 sends/s to 100 chats and at 20/s to one
  redlock      bursts to 20 chats against a Redlock taken and released for every send
  processes    two processes that send to one chat
  bullmq       bursts to 20 chats against a BullMQ queue for each chat

Examples:
  $ npm run bench -- sends
  $ npm run bench -- sends --seconds 3         a quicker, rougher run
  $ npm run bench -- sends --json              one line of figures at the end, for programs
  $ npm run bench -- sends --only order,cost

Exit codes: 0 done, 1 the bench failed or the order was not kept, 2 wrong usage.`;

/** Ends the process for help and for wrong usage. */
export function readOptions(args: readonly string[]): BenchOptions {
  const command = new Command('npm run bench --')
    .description(
      'Measures what ordered sends cost: lock and journal on the way to a channel that answers in 5 to 80 ms, and in no time, on private servers.',
    )
    .argument('<what>', 'what to measure: sends')
    .option('--json', 'print the figures as one JSON object in the last line; progress goes to standard error')
    .addOption(new Option('--seconds <s>', 'length of each measurement').argParser(whole).default(10))
    .addOption(
      new Option('--only <parts>', `run these only, of ${PARTS.join(',')}`).argParser(parts).default([...PARTS], 'all'),
    )
    .option('--profile <folder>', 'write CPU profiles into this folder')
    .addHelpText('after', EXAMPLES)
    .exitOverride((error: CommanderError) => process.exit(error.exitCode === 0 ? 0 : 2));
  return command.parse(args, { from: 'user' }).opts<BenchOptions>();
}

function whole(text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new InvalidArgumentError('It must be a whole number above 0.');
  return Number(text);
}

function parts(text: string): Part[] {
  const wanted = text.split(',');
  const unknown = wanted.filter((name) => !PARTS.some((part) => part === name));
  if (unknown.length > 0) throw new InvalidArgumentError(`Allowed: ${PARTS.join(', ')}.`);
  return PARTS.filter((part) => wanted.includes(part));
}
