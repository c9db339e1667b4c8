import type { Command } from 'commander';
import { hostCommand } from './host-command';
import { replay } from '../events/dead-letters';
import { summarize } from '../events/outbox-summary';
import { chosenEvents, reportProgress, withFilter, type ChangeCommandOptions } from './event-options';
import { withOutbox } from './outbox-access';
import { outcomeAnswer, summaryAnswer } from './outbox-answers';
import { print } from './output';

/** evolution-guard outbox status|replay */
export function addOutboxCommands(program: Command): void {
  const group = program
    .command('outbox')
    .description('Look at what waits, and deliver once more what was delivered. The host need not run.')
    .addHelpText('after', EXAMPLES);

  hostCommand(group, 'status', 'Count what is not delivered, by instance, event and sink.', EXAMPLES).action(
    async (hostDir: string, options: { json?: true }) => {
      const groups = await withOutbox(hostDir, (store) => store.groups());
      print(summaryAnswer(summarize(groups, Date.now())), options.json === true);
    },
  );

  withFilter(
    hostCommand(
      group,
      'replay',
      'Make delivered events pending again. Consumers get them twice, with the same id.',
      EXAMPLES,
    ),
    { code: false },
  )
    .option('--all', 'every delivered event that is still kept')
    .option('--dry-run', 'only say how many it would be')
    .action(async (hostDir: string, options: ChangeCommandOptions, command: Command) => {
      const filter = chosenEvents([], options, command);
      const dryRun = options.dryRun === true;
      const outcome = await withOutbox(hostDir, (store) =>
        replay(store, filter, { dryRun }, reportProgress('replayed')),
      );
      print(outcomeAnswer('replayed', outcome), options.json === true);
    });
}

const EXAMPLES = `
Examples:
  $ evolution-guard outbox status ~/evolution-api
  $ evolution-guard outbox replay ~/evolution-api --instance shop --from 2026-01-31T12:00:00Z --dry-run
  $ evolution-guard outbox replay ~/evolution-api --chat 5511900000000@s.whatsapp.net --to 2026-02-01`;
