import type { CommanderError } from 'commander';
import { Command, InvalidArgumentError, Option } from 'commander';
import { SCENARIOS } from './scenarios';

export interface FaultsOptions {
  json?: true;
  stock: boolean;
  /** Calls of a second. */
  rate: number;
  /** Names of scenarios. */
  only: string[];
}

const NAMES = SCENARIOS.map(({ name }) => name);

const EXAMPLES = `
Scenarios:
  ${NAMES.join('\n  ')}

Examples:
  $ npm run faults -- cache                         all of them, about twelve minutes
  $ npm run faults -- cache --only sentinel-kill,away
  $ npm run faults -- cache --no-stock              without the runs of a host that has no plugin
  $ npm run faults -- cache --json                  figures as JSON, the sum in the last line

Exit codes: 0 nothing was stale, lost or late, 1 something was or the run failed, 2 wrong usage.`;

/** Ends the process for help and for wrong usage. */
export function readOptions(args: readonly string[]): FaultsOptions {
  const command = new Command('npm run faults --')
    .description(
      'Fails Redis over, kills it, puts it to sleep and empties it while two processes read and write through its cache, and looks at every single answer.',
    )
    .argument('<what>', 'what to break: cache')
    .option('--json', 'print the figures as JSON, the sum in the last line; the table goes to standard error')
    .addOption(new Option('--rate <n>', 'calls of a second').argParser(whole).default(2_000))
    .addOption(new Option('--only <names>', 'run these scenarios only').argParser(names).default(NAMES, 'all'))
    .option('--no-stock', 'leave out what a host without the plugin makes of it')
    .addHelpText('after', EXAMPLES)
    .exitOverride((error: CommanderError) => process.exit(error.exitCode === 0 ? 0 : 2));
  return command.parse(args, { from: 'user' }).opts<FaultsOptions>();
}

function whole(text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new InvalidArgumentError('It must be a whole number of at least 1.');
  return Number(text);
}

function names(text: string): string[] {
  const wanted = text.split(',');
  const unknown = wanted.filter((name) => !NAMES.includes(name));
  if (unknown.length > 0)
    throw new InvalidArgumentError(`Unknown: ${unknown.join(', ')}. Allowed: ${NAMES.join(', ')}.`);
  return NAMES.filter((name) => wanted.includes(name));
}
