import type { Command } from 'commander';
import { hostCommand } from './host-command';
import { GuardError } from '../core/errors';
import { discard, redrive } from '../events/dead-letters';
import { eventId } from '../events/event-filter';
import {
  check,
  chosenEvents,
  readFilter,
  reportProgress,
  wholeNumber,
  withFilter,
  type ChangeCommandOptions,
  type FilterOptions,
} from './event-options';
import { withOutbox } from './outbox-access';
import { listAnswer, outcomeAnswer, showAnswer } from './outbox-answers';
import { print } from './output';

interface ListOptions extends FilterOptions {
  after: number;
  limit: number;
  json?: true;
}

/** evolution-guard dead-letters list|show|redrive|discard */
export function addDeadLetterCommands(program: Command): void {
  const group = program
    .command('dead-letters')
    .description('Look at events that were parked, deliver them again, or delete them. The host need not run.')
    .addHelpText('after', EXAMPLES);
  addList(group);
  addShow(group);
  addRedrive(group);
  addDiscard(group);
}

function addList(group: Command): void {
  withFilter(hostCommand(group, 'list', 'List dead letters, the oldest first.', EXAMPLES), { code: true })
    .option('--after <seq>', 'start behind this one: the last seq of the page before', wholeNumber(0, 2 ** 53 - 1), 0)
    .option('--limit <number>', 'length of the page, 1 to 1000', wholeNumber(1, 1_000), 50)
    .action(async (hostDir: string, options: ListOptions, command: Command) => {
      const filter = readFilter(options, command);
      const stretch = { afterSeq: options.after, throughSeq: Number.MAX_SAFE_INTEGER, rows: options.limit };
      const deadLetters = await withOutbox(hostDir, (store) => store.list(filter, stretch));
      print(listAnswer(deadLetters, options.limit), options.json === true);
    });
}

function addShow(group: Command): void {
  hostCommand(group, 'show', 'Print all that is known of one event, delivered, pending or dead.', EXAMPLES)
    .argument('<event id>', 'UUID, the message_id that consumers see')
    .option('--payload', 'print its text too: it holds what people wrote')
    .action(async (hostDir: string, given: string, options: { payload?: true; json?: true }, command: Command) => {
      const id = check(eventId, given, command);
      const answer = await withOutbox(hostDir, async (store) => {
        const events = await store.find(id);
        if (events.length === 0) throw new GuardError('GUARD_EVENT_UNKNOWN', `${id}.`);
        return showAnswer(events, options.payload ? await store.payload(id) : undefined);
      });
      print(answer, options.json === true);
    });
}

function addRedrive(group: Command): void {
  changeCommand(group, 'redrive', 'Make dead letters pending again: same id, same place in their chat.').action(
    async (hostDir: string, ids: string[], options: ChangeCommandOptions, command: Command) => {
      const filter = chosenEvents(ids, options, command);
      const dryRun = options.dryRun === true;
      const outcome = await withOutbox(hostDir, (store, { eventMaxBytes: maxBytes }) =>
        redrive(store, filter, { dryRun, maxBytes }, reportProgress('redriven')),
      );
      print(outcomeAnswer('redriven', outcome), options.json === true);
    },
  );
}

function addDiscard(group: Command): void {
  changeCommand(group, 'discard', 'Delete dead letters. Nothing brings them back.').action(
    async (hostDir: string, ids: string[], options: ChangeCommandOptions, command: Command) => {
      const filter = chosenEvents(ids, options, command);
      const dryRun = options.dryRun === true;
      const outcome = await withOutbox(hostDir, (store) =>
        discard(store, filter, { dryRun }, reportProgress('discarded')),
      );
      print(outcomeAnswer('discarded', outcome), options.json === true);
    },
  );
}

function changeCommand(group: Command, name: string, description: string): Command {
  return withFilter(hostCommand(group, name, description, EXAMPLES).argument('[event ids...]', 'instead of a filter'), {
    code: true,
  })
    .option('--all', 'every dead letter')
    .option('--dry-run', 'only say how many it would be');
}

const EXAMPLES = `
Examples:
  $ evolution-guard dead-letters list ~/evolution-api --code GUARD_EVENT_TOO_LARGE
  $ evolution-guard dead-letters show ~/evolution-api 0197a3c2-0000-7000-8000-000000000000 --payload
  $ evolution-guard dead-letters redrive ~/evolution-api --instance shop --dry-run
  $ evolution-guard dead-letters redrive ~/evolution-api --all
  $ evolution-guard dead-letters discard ~/evolution-api --code GUARD_EVENT_MALFORMED --to 2026-01-31`;
