import { Command } from 'commander';

export interface TestHostOptions {
  host: string;
  dist: boolean;
}

const HELP = `
The folder is only read. From source, a copy of it is patched, type-checked with the host's own compiler, and started;
with --dist, the dist/main.js that you have patched and built is started as it stands. Either way the suite in
test/contract says whether the host, joined by the plugin, does what it must, with PostgreSQL, Redis and RabbitMQ of
the suite's own.

Examples:
  $ npm run test:host -- ~/evolution-api
  $ npm run test:host -- ~/evolution-api --dist

Exit codes: 0 all is well, 1 it is not, or the folder cannot be tested, 2 wrong usage.`;

/** Ends the process for help and for wrong usage. */
export function readOptions(args: readonly string[]): TestHostOptions {
  const command = new Command('npm run test:host --')
    .description('Tests evolution-guard with your own EvolutionAPI checkout.')
    .argument('<folder>', 'an EvolutionAPI checkout with its dependencies installed')
    .option('--dist', 'test dist/main.js, patched and built by you')
    .addHelpText('after', HELP)
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
    .parse(args, { from: 'user' });
  return { host: command.processedArgs[0] as string, dist: command.opts<{ dist?: true }>().dist === true };
}
