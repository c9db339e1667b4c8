import type { CommanderError } from 'commander';
import { Command, InvalidArgumentError, Option } from 'commander';
import { SCENARIOS } from './scenarios';

export interface FaultsOptions {
  json?: true;
  stock: boolean;
  sends: number;
  /** Names of scenarios. */
  only: string[];
}

const NAMES = SCENARIOS.map(({ name }) => name);
const LEAST_SENDS = 1_000;

const EXAMPLES = `
Scenarios:
  ${NAMES.join('\n  ')}

Examples:
  $ npm run faults -- sends                         all of them, 10,000 sends, about eight minutes
  $ npm run faults -- sends --sends 3000            with fewer sends
  $ npm run faults -- sends --only host-kill,holder-paused
  $ npm run faults -- sends --no-stock              without the runs of a host that has no plugin
  $ npm run faults -- sends --json                  figures as JSON, the sum in the last line

Exit codes: 0 nothing was lost, sent twice or out of order, 1 something was or the run failed, 2 wrong usage.`;

/** Ends the process for help and for wrong usage. */
export function readOptions(args: readonly string[]): FaultsOptions {
  const command = new Command('npm run faults --')
    .description(
      'Stops and kills hosts, Redis and databases, moves clocks and types slowly while sends go to chats that several processes share, and looks at every single message at the other end.',
    )
    .argument('<what>', 'what to break: sends')
    .option('--json', 'print the figures as JSON, the sum in the last line; the table goes to standard error')
    .addOption(new Option('--sends <n>', 'sends in all scenarios together').argParser(whole).default(10_000))
    .addOption(new Option('--only <names>', 'run these scenarios only').argParser(names).default(NAMES, 'all'))
    .option('--no-stock', 'leave out what a host without the plugin makes of it')
    .addHelpText('after', EXAMPLES)
    .exitOverride((error: CommanderError) => process.exit(error.exitCode === 0 ? 0 : 2));
  return command.parse(args, { from: 'user' }).opts<FaultsOptions>();
}

function whole(text: string): number {
  if (!/^\d+$/.test(text) || Number(text) < LEAST_SENDS) {
    throw new InvalidArgumentError(`It must be a whole number of at least ${LEAST_SENDS}.`);
  }
  return Number(text);
}

function names(text: string): string[] {
  const wanted = text.split(',');
  const unknown = wanted.filter((name) => !NAMES.includes(name));
  if (unknown.length > 0)
    throw new InvalidArgumentError(`Unknown: ${unknown.join(', ')}. Allowed: ${NAMES.join(', ')}.`);
  return NAMES.filter((name) => wanted.includes(name));
}
