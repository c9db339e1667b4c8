import type { Command } from 'commander';
import { apply, planApply } from '../../patches/engine/apply';
import { npmPacker, type PluginPackage } from '../../patches/engine/plugin-package';
import { planRevert, revert } from '../../patches/engine/revert';
import { status } from '../../patches/engine/status';
import { unifiedDiff } from '../../patches/engine/unified-diff';
import { release } from '../../patches/series';
import { type Answer, print } from './output';
import { applyAnswer, revertAnswer, statusAnswer } from './patch-answers';

interface Options {
  json?: true;
  force?: true;
  dryRun?: true;
}

/** evolution-guard patch check|apply|revert|status|diff */
export function addPatchCommands(program: Command, plugin: PluginPackage): void {
  const ours = release(plugin.version);
  const patch = program
    .command('patch')
    .description('Put the plugin into an EvolutionAPI checkout, or take it out again.')
    .addHelpText('after', EXAMPLES);

  hostCommand(patch, 'check', 'Say whether the patches fit. Writes nothing.', (host) =>
    applyAnswer(planApply(host, ours), 'fits'),
  );

  hostCommand(
    patch,
    'apply',
    'Patch the checkout and put the packed plugin beside it: all of it or nothing.',
    (host, options) => {
      const plan = planApply(host, ours, { anyVersion: options.force === true });
      if (options.dryRun) return applyAnswer(plan, 'fits');
      apply(plan, npmPacker(plugin));
      return applyAnswer(plan, 'applied');
    },
  )
    .option('--force', 'also for a version that is not in the list of supported ones')
    .option('--dry-run', 'only say what would be written');

  hostCommand(patch, 'revert', 'Take out what apply put in, to the last byte.', (host, options) => {
    const plan = planRevert(host, ours);
    if (options.dryRun) return revertAnswer(plan, 'would revert');
    revert(plan);
    return revertAnswer(plan, 'reverted');
  }).option('--dry-run', 'only say what would be written');

  hostCommand(patch, 'status', 'Show each patch: applied, not applied, changed by hand, or in conflict.', (host) =>
    statusAnswer(status(host, ours), plugin.version),
  );

  hostCommand(patch, 'diff', "Print the patches to the host's own files as a unified diff, applied or not.", (host) => {
    const diff = unifiedDiff(planApply(host, ours, { anyVersion: true }).files);
    return { text: diff, data: { diff } };
  });
}

function hostCommand(
  patch: Command,
  name: string,
  description: string,
  action: (hostDir: string, options: Options) => Answer,
): Command {
  return patch
    .command(name)
    .description(description)
    .argument('<host>', 'folder of the EvolutionAPI checkout')
    .option('--json', 'print one JSON object instead of text')
    .addHelpText('after', `\nExample:\n  $ evolution-guard patch ${name} ~/evolution-api`)
    .action((hostDir: string, options: Options) => print(action(hostDir, options), options.json === true));
}

const EXAMPLES = `
Examples:
  $ evolution-guard patch check ~/evolution-api            would it fit?
  $ evolution-guard patch apply ~/evolution-api            patch it
  $ evolution-guard patch diff ~/evolution-api             read what it does
  $ evolution-guard patch status ~/evolution-api --json    for scripts
  $ evolution-guard patch revert ~/evolution-api           before pulling a new tag`;
