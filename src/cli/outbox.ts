import type { Command } from 'commander';
import { hostCommand } from './host-command';
import { systemClock } from '../core/clock';
import type { Settings } from '../core/settings';
import { replay } from '../events/dead-letters';
import { summarize } from '../events/outbox-summary';
import { replayToQueue } from '../events/replay-to-queue';
import { openQueueSender, type QueueSender } from '../stores/rabbitmq/queue-sender';
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
    .option('--to-queue <name>', 'copy them into this queue instead: nobody else gets them twice')
    .option('--all', 'every delivered event that is still kept')
    .option('--dry-run', 'only say how many it would be')
    .action(async (hostDir: string, options: ReplayOptions, command: Command) => {
      const filter = chosenEvents([], options, command);
      const dryRun = options.dryRun === true;
      const progress = reportProgress('replayed');
      const outcome = await withOutbox(hostDir, (store, settings) =>
        options.toQueue === undefined
          ? replay(store, filter, { dryRun }, progress)
          : withQueue(options.toQueue, settings, (queue) => replayToQueue(store, filter, { dryRun }, queue, progress)),
      );
      print(outcomeAnswer(options.toQueue === undefined ? 'replayed' : 'copied', outcome), options.json === true);
    });
}

interface ReplayOptions extends ChangeCommandOptions {
  toQueue?: string;
}

async function withQueue<T>(queue: string, settings: Settings, action: (queue: QueueSender) => Promise<T>): Promise<T> {
  const { rabbitmqUri: uri, rabbitmqFrameMax: frameMax } = settings;
  const sender = await openQueueSender({ uri, frameMax, queue, clock: systemClock });
  return action(sender).finally(() => sender.close());
}

const EXAMPLES = `
Examples:
  $ evolution-guard outbox status ~/evolution-api
  $ evolution-guard outbox replay ~/evolution-api --instance shop --from 2026-01-31T12:00:00Z --dry-run
  $ evolution-guard outbox replay ~/evolution-api --instance shop --from 2026-01-31 --to-queue rebuild
  $ evolution-guard outbox replay ~/evolution-api --chat 5511900000000@s.whatsapp.net --to 2026-02-01`;
