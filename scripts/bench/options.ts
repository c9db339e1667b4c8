import type { CommanderError } from 'commander';
import { Command, InvalidArgumentError, Option } from 'commander';
import { CONTENDERS, type ContenderName } from './names';

export interface BenchOptions {
  json?: true;
  backlog?: true;
  memory?: true;
  events: number;
  seconds: number;
  /** In the order in which they run. */
  only: ContenderName[];
  /** Folder for CPU profiles. */
  profile?: string;
}

const EXAMPLES = `
Examples:
  $ npm run bench -- events
  $ npm run bench -- events --seconds 5             a quicker, rougher run
  $ npm run bench -- events --events 20000          each contender moves 20,000 events
  $ npm run bench -- events --json                  one line of figures at the end, for programs
  $ npm run bench -- events --only guard,bare
  $ npm run bench -- events --backlog               how fast the guard drains 1,000 to 1,000,000 waiting events
  $ npm run bench -- events --memory                the memory of the guard over 1,000,000 events
  $ npm run bench -- events --only guard --profile profiles

Exit codes: 0 done, 1 the bench failed, 2 wrong usage.`;

/** Ends the process for help and for wrong usage. */
export function readOptions(args: readonly string[]): BenchOptions {
  const command = new Command('npm run bench --')
    .description(
      'Measures how fast events get from emit to RabbitMQ: the guard, the bare client, the stock way and two job queues, on the same private servers.',
    )
    .argument(
      '<what>',
      'what to measure: events, sends or cache (see npm run bench -- sends --help, npm run bench -- cache --help)',
      oneOf(['events', 'sends', 'cache']),
    )
    .option('--json', 'print the figures as one JSON object in the last line; progress goes to standard error')
    .addOption(new Option('--events <n>', 'stop each contender after so many events').argParser(whole).default(200_000))
    .addOption(new Option('--seconds <s>', 'stop each contender after so many seconds').argParser(whole).default(10))
    .addOption(
      new Option('--only <names>', `run these only, of ${CONTENDERS.join(',')}`)
        .argParser(names)
        .default([...CONTENDERS], 'all'),
    )
    .option('--backlog', 'measure how fast the guard drains a backlog, instead')
    .option('--memory', 'watch the memory of the guard over 1,000,000 events, instead')
    .option('--profile <folder>', 'write a CPU profile of each contender into this folder')
    .addHelpText('after', EXAMPLES)
    .exitOverride((error: CommanderError) => process.exit(error.exitCode === 0 ? 0 : 2));
  return command.parse(args, { from: 'user' }).opts<BenchOptions>();
}

function whole(text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new InvalidArgumentError('It must be a whole number above 0.');
  return Number(text);
}

function oneOf<T extends string>(allowed: readonly T[]): (text: string) => T {
  return (text) => {
    const found = allowed.find((name) => name === text);
    if (found === undefined) throw new InvalidArgumentError(`Allowed: ${allowed.join(', ')}.`);
    return found;
  };
}

function names(text: string): ContenderName[] {
  const wanted = text.split(',').map(oneOf(CONTENDERS));
  return CONTENDERS.filter((name) => wanted.includes(name));
}
