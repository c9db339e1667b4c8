import type { Command } from 'commander';
import { z } from 'zod';
import { asSequenceFilter, sequenceFields, sequenceId } from '../console/sequence-query';
import { GuardError } from '../core/errors';
import type { SequenceStore } from '../stores/sequence-store';
import { withTables } from './engine-access';
import { check, wholeNumber } from './event-options';
import { hostCommand } from './host-command';
import { print } from './output';
import { cancelAnswer, listAnswer, showAnswer } from './sequence-answers';

interface ListOptions {
  instance?: string;
  chat?: string;
  state?: string;
  before: number;
  limit: number;
  json?: true;
}

const LAST = Number.MAX_SAFE_INTEGER;

/** evolution-guard sequence list|show|cancel */
export function addSequenceCommands(program: Command): void {
  const group = program
    .command('sequence')
    .description('Look at sequences of steps in a chat, and cancel them. The host need not run.')
    .addHelpText('after', EXAMPLES);
  addList(group);
  addShow(group);
  addCancel(group);
}

function addList(group: Command): void {
  hostCommand(group, 'list', 'List sequences, the newest first.', EXAMPLES)
    .option('--instance <name>', 'only sequences of this instance')
    .option('--chat <number>', 'only sequences in this chat: a number in any spelling, or a JID')
    .option('--state <states>', 'only those in this state, or in one of several: waiting,running')
    .option('--before <seq>', 'go on behind the page before: its last seq', wholeNumber(1, LAST), LAST)
    .option('--limit <number>', 'length of the page, 1 to 1000', wholeNumber(1, 1_000), 50)
    .action(async (hostDir: string, options: ListOptions, command: Command) => {
      const { instance, chat, state, before, limit } = options;
      const filter = asSequenceFilter(check(z.strictObject(sequenceFields), { instance, chat, state }, command));
      const sequences = await withSequences(hostDir, (store) => store.list(filter, before, limit));
      print(listAnswer(sequences, limit), options.json === true);
    });
}

function addShow(group: Command): void {
  hostCommand(group, 'show', 'Print how far a sequence is, step by step.', EXAMPLES)
    .argument('<id>', 'of the sequence')
    .action(async (hostDir: string, given: string, options: { json?: true }, command: Command) => {
      const id = check(sequenceId, given, command);
      const record = await withSequences(hostDir, async (store) => (await store.find(id)) ?? unknown(id));
      print(showAnswer(record), options.json === true);
    });
}

function addCancel(group: Command): void {
  hostCommand(group, 'cancel', 'Run no further step: at once, or after the one that is under way.', EXAMPLES)
    .argument('<id>', 'of the sequence')
    .action(async (hostDir: string, given: string, options: { json?: true }, command: Command) => {
      const id = check(sequenceId, given, command);
      const record = await withSequences(hostDir, async (store) => (await store.cancel(id)) ?? unknown(id));
      print(cancelAnswer(record), options.json === true);
    });
}

/** @throws GuardError */
function withSequences<T>(hostDir: string, action: (store: SequenceStore) => Promise<T>): Promise<T> {
  return withTables(hostDir, 'sequences', ({ sequences }) => action(sequences));
}

function unknown(id: string): never {
  throw new GuardError('GUARD_SEQUENCE_UNKNOWN', `It was ${id}.`);
}

const EXAMPLES = `
Examples:
  $ evolution-guard sequence list ~/evolution-api --state waiting,running              what is not done yet
  $ evolution-guard sequence list ~/evolution-api --instance shop --state failed --limit 10
  $ evolution-guard sequence show ~/evolution-api 0197a3c2-0000-7000-8000-000000000000
  $ evolution-guard sequence cancel ~/evolution-api 0197a3c2-0000-7000-8000-000000000000`;
