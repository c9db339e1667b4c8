import type { Command } from 'commander';

/** A command that looks at the outbox of a host; its examples come with its help. */
export function hostCommand(group: Command, name: string, description: string, examples: string): Command {
  return group
    .command(name)
    .description(description)
    .argument('<host>', 'folder of the EvolutionAPI checkout; its .env is read')
    .option('--json', 'print one JSON object instead of text')
    .addHelpText('after', examples);
}
