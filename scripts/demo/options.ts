import type { CommanderError } from 'commander';
import { Command, Option } from 'commander';
import { OUTAGES, type Outage } from './outage';

export interface DemoOptions {
  json?: true;
  keep?: true;
  outage: Outage;
  /** Folder of an EvolutionAPI checkout. */
  host?: string;
  dist?: true;
  /** Folder of an unpatched, built checkout. */
  stockHost?: string;
}

const EXAMPLES = `
Examples:
  $ npm run demo
  $ npm run demo -- --outage kill                   the broker dies instead of shutting down
  $ npm run demo -- --json                          one line of figures at the end, for programs
  $ npm run demo -- --keep                          and leave the guarded host running to play with
  $ npm run demo -- --host ~/evolution-api          with your own checkout; works on a copy of it
  $ npm run demo -- --host ~/evolution-api --dist --stock-host ~/evolution-api-stock

Exit codes: 0 the guarded host lost nothing, 1 it lost something or the demo failed, 2 wrong usage.`;

/** Ends the process for help and for wrong usage. */
export function readOptions(args: readonly string[]): DemoOptions {
  const command = new Command('npm run demo --')
    .description(
      'Sends the same traffic through a stock and through a guarded host, breaks RabbitMQ in the middle, and counts what arrived.',
    )
    .addOption(new Option('--outage <kind>', 'how the broker goes').choices(OUTAGES).default('stop'))
    .option('--json', 'print the figures as one JSON object in the last line')
    .option('--keep', 'leave the guarded host running until Ctrl-C')
    .option(
      '--host <folder>',
      'an EvolutionAPI checkout with its dependencies installed, instead of the reference host',
    )
    .option('--dist', 'start dist/main.js, patched and built by you, in the folder itself (with --host)')
    .option('--stock-host <folder>', 'an unpatched, built checkout to compare with (with --dist)')
    .addHelpText('after', EXAMPLES)
    .exitOverride((error: CommanderError) => process.exit(error.exitCode === 0 ? 0 : 2));
  const options = command.parse(args, { from: 'user' }).opts<DemoOptions>();
  if (options.dist && !options.host) command.error('error: --dist needs --host');
  if (options.stockHost && !options.dist) command.error('error: --stock-host needs --dist');
  return options;
}
