import type { CommanderError } from 'commander';
import { Command, InvalidArgumentError, Option } from 'commander';
import { SCENARIOS } from './scenarios';

export interface FaultsOptions {
  json?: true;
  events: number;
  /** Names of scenarios. */
  only: string[];
}

const NAMES = SCENARIOS.map(({ name }) => name);
const LEAST_EVENTS = 2_000;

const EXAMPLES = `
Scenarios:
  ${NAMES.join('\n  ')}

Examples:
  $ npm run faults -- events                        all of them, 100,000 events, about a quarter of an hour
  $ npm run faults -- events --events 10000         as long, with fewer events
  $ npm run faults -- events --only broker-kill,host-kill
  $ npm run faults -- events --json                 figures as JSON, the sum in the last line

Exit codes: 0 nothing was lost or out of order, 1 something was or the run failed, 2 wrong usage.`;

/** Ends the process for help and for wrong usage. */
export function readOptions(args: readonly string[]): FaultsOptions {
  const command = new Command('npm run faults --')
    .description(
      'Breaks hosts, RabbitMQ, PostgreSQL, MariaDB, the network between them, disks and receivers of webhooks while events are emitted, and looks at every single event at the other end.',
    )
    .argument(
      '<what>',
      'what to break: events, sends, instances or cache (see npm run faults -- sends --help)',
      onlyEvents,
    )
    .option('--json', 'print the figures as JSON, the sum in the last line; the table goes to standard error')
    .addOption(new Option('--events <n>', 'events in all scenarios together').argParser(whole).default(100_000))
    .addOption(new Option('--only <names>', 'run these scenarios only').argParser(names).default(NAMES, 'all'))
    .addHelpText('after', EXAMPLES)
    .exitOverride((error: CommanderError) => process.exit(error.exitCode === 0 ? 0 : 2));
  return command.parse(args, { from: 'user' }).opts<FaultsOptions>();
}

function onlyEvents(text: string): string {
  if (text !== 'events') throw new InvalidArgumentError('Allowed: events, sends, instances, cache.');
  return text;
}

function whole(text: string): number {
  if (!/^\d+$/.test(text) || Number(text) < LEAST_EVENTS) {
    throw new InvalidArgumentError(`It must be a whole number of at least ${LEAST_EVENTS}.`);
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
