import type { CommanderError } from 'commander';
import { Command, InvalidArgumentError, Option } from 'commander';
import { SCENARIOS } from './scenarios';
import type { Sizes } from './scenario';

export interface FaultsOptions extends Sizes {
  json?: true;
  stock: boolean;
  /** Names of scenarios. */
  only: string[];
}

const NAMES = SCENARIOS.map(({ name }) => name);

const EXAMPLES = `
Scenarios:
  ${NAMES.join('\n  ')}

Examples:
  $ npm run faults -- instances                     all of them, about three minutes
  $ npm run faults -- instances --only logout-401,kill-steps
  $ npm run faults -- instances --only million --messages 1000000
  $ npm run faults -- instances --no-stock          without the runs of a host that has no plugin
  $ npm run faults -- instances --json              figures as JSON, the sum in the last line

Exit codes: 0 nothing was lost or left open, 1 something was or the run failed, 2 wrong usage.`;

/** Ends the process for help and for wrong usage. */
export function readOptions(args: readonly string[]): FaultsOptions {
  const command = new Command('npm run faults --')
    .description(
      'Logs instances out, deletes and restores them, lets timers run out and kills hosts in the midst of it, and looks at every instance and every row afterwards.',
    )
    .argument('<what>', 'what to break: instances')
    .option('--json', 'print the figures as JSON, the sum in the last line; the table goes to standard error')
    .addOption(new Option('--logouts <n>', 'instances that are logged out at once').argParser(whole).default(1_000))
    .addOption(
      new Option('--messages <n>', 'messages of the instance that is purged').argParser(whole).default(200_000),
    )
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
