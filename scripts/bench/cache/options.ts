import type { CommanderError } from 'commander';
import { Command, InvalidArgumentError, Option } from 'commander';

/** In the order in which they are measured. */
export const PARTS = ['messages', 'objects', 'verification', 'deletes'] as const;
export type Part = (typeof PARTS)[number];

export interface BenchOptions {
  json?: true;
  /** Of each measurement, for each contender. */
  seconds: number;
  only: Part[];
  /** Folder for CPU profiles. */
  profile?: string;
}

const EXAMPLES = `
Parts:
  messages      what the host asks of its caches for messages, 1, 16 and 256 at a time, values of 200 bytes and of 20 kB
  objects       the same with values that are objects, whose JSON takes longer than Redis does
  verification  the same messages with and without the fence before reads
  deletes       deletes that look whether the key is gone, and plain ones

Examples:
  $ npm run bench -- cache
  $ npm run bench -- cache --seconds 3         a quicker, rougher run
  $ npm run bench -- cache --json              one line of figures at the end, for programs
  $ npm run bench -- cache --only messages

Exit codes: 0 done, 1 the bench failed, 2 wrong usage.`;

/** Ends the process for help and for wrong usage. */
export function readOptions(args: readonly string[]): BenchOptions {
  const command = new Command('npm run bench --')
    .description(
      "Measures the cache on a Redis primary: calls as the host makes them, through the guard's engine and in the host's way (node-redis 4), on a private server.",
    )
    .argument('<what>', 'what to measure: cache')
    .option('--json', 'print the figures as one JSON object in the last line; progress goes to standard error')
    .addOption(
      new Option('--seconds <s>', 'length of each measurement, for each contender').argParser(whole).default(8),
    )
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
