import type { Command } from 'commander';
import { z } from 'zod';
import { lifeAnswer } from '../console/send-answers';
import { asSendFilter, instanceName, sendFields, sendOrMessageId } from '../console/send-query';
import { check, wholeNumber } from './event-options';
import { hostCommand } from './host-command';
import { withJournal } from './journal-access';
import { print } from './output';
import { absentAnswer, listAnswer, queuesAnswer, showAnswer } from './sends-answers';

interface ListOptions {
  instance?: string;
  chat?: string;
  state?: string;
  before: number;
  limit: number;
  json?: true;
}

type QueuesOptions = Pick<ListOptions, 'instance' | 'limit' | 'json'>;

const LAST = Number.MAX_SAFE_INTEGER;

/** evolution-guard sends list|show|queues */
export function addSendCommands(program: Command): void {
  const group = program
    .command('sends')
    .description('Look at what was sent, what became of it, and what waits. The host need not run.')
    .addHelpText('after', EXAMPLES);
  addList(group);
  addShow(group);
  addQueues(group);
}

function addList(group: Command): void {
  hostCommand(group, 'list', 'List sends, the newest first.', EXAMPLES)
    .option('--instance <name>', 'only sends of this instance')
    .option('--chat <number>', 'only sends to this chat: a number in any spelling, or a JID')
    .option('--state <states>', 'only those in this state, or in one of several: accepted,sending')
    .option('--before <seq>', 'go on behind the page before: its last seq', wholeNumber(1, LAST), LAST)
    .option('--limit <number>', 'length of the page, 1 to 1000', wholeNumber(1, 1_000), 50)
    .action(async (hostDir: string, options: ListOptions, command: Command) => {
      const { instance, chat, state, before, limit } = options;
      const filter = asSendFilter(check(z.strictObject(sendFields), { instance, chat, state }, command));
      const sends = await withJournal(hostDir, (store) => store.list(filter, before, limit));
      print(listAnswer(sends, limit), options.json === true);
    });
}

function addShow(group: Command): void {
  hostCommand(group, 'show', 'Print the whole life of one send, with the time between its states.', EXAMPLES)
    .argument('<id>', 'of the send, or of its message in WhatsApp')
    .action(async (hostDir: string, given: string, options: { json?: true }, command: Command) => {
      const id = check(sendOrMessageId, given, command);
      const found = await withJournal(hostDir, (store) => store.find(id));
      const sends = found.map((send) => lifeAnswer(send, Date.now()));
      print(sends.length > 0 ? showAnswer(sends) : absentAnswer(id), options.json === true);
      if (sends.length === 0) process.exitCode = 1;
    });
}

function addQueues(group: Command): void {
  hostCommand(group, 'queues', 'List chats in which something waits, and who has their turn.', EXAMPLES)
    .option('--instance <name>', 'only chats of this instance')
    .option('--limit <number>', 'at most so many chats, 1 to 1000', wholeNumber(1, 1_000), 50)
    .action(async (hostDir: string, options: QueuesOptions, command: Command) => {
      const filter = check(
        z.strictObject({ instance: instanceName.optional() }),
        { instance: options.instance },
        command,
      );
      const [totals, depths] = await withJournal(hostDir, (store) =>
        Promise.all([store.summary(), store.depths(asSendFilter(filter), options.limit)]),
      );
      print(queuesAnswer(totals, depths, options.limit, Date.now()), options.json === true);
    });
}

const EXAMPLES = `
Examples:
  $ evolution-guard sends queues ~/evolution-api                                        what waits, and who sends
  $ evolution-guard sends list ~/evolution-api --chat +5511900000000 --limit 10
  $ evolution-guard sends list ~/evolution-api --instance shop --state failed,unknown
  $ evolution-guard sends show ~/evolution-api 0197a3c2-0000-7000-8000-000000000000    our id
  $ evolution-guard sends show ~/evolution-api 3EB0C767D097B7C7C02A                    WhatsApp's id`;
