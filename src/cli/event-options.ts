import { InvalidArgumentError, type Command } from 'commander';
import type { z } from 'zod';
import { eventFilter, eventIds, isEmpty } from '../events/event-filter';
import type { Progress } from '../events/dead-letters';
import type { EventFilter } from '../stores/dead-letters';

/** As commander hands them over. */
export interface FilterOptions {
  instance?: string;
  event?: string;
  chat?: string;
  sink?: string;
  code?: string;
  from?: string;
  to?: string;
}

export interface ChangeCommandOptions extends FilterOptions {
  all?: true;
  dryRun?: true;
  json?: true;
}

/** The options that choose events; `--code` only where there are dead letters to choose from. */
export function withFilter(command: Command, { code }: { code: boolean }): Command {
  command
    .option('--instance <name>', 'only events of this instance')
    .option('--event <name>', 'only events of this name, such as messages.upsert')
    .option('--chat <jid>', 'only events of this chat, such as 5511900000000@s.whatsapp.net')
    .option('--sink <name>', 'only events for this sink, such as rabbitmq');
  if (code) command.option('--code <code>', 'only those parked with this code, such as GUARD_EVENT_TOO_LARGE');
  return command
    .option('--from <time>', 'only events captured at this time or later: 2026-01-31T12:00:00Z, or a day in UTC')
    .option('--to <time>', 'only events captured before this time');
}

/** The same with ids, for commands that change what they choose. An empty choice is refused unless --all is given. */
export function chosenEvents(ids: readonly string[], options: ChangeCommandOptions, command: Command): EventFilter {
  const filter = readFilter(options, command);
  if (ids.length > 0) filter.eventIds = check(eventIds, ids, command);
  if (isEmpty(filter) && !options.all) {
    command.error('error: name events, give a filter, or say --all');
  }
  if (!isEmpty(filter) && options.all) command.error('error: --all goes with neither event ids nor a filter');
  return filter;
}

export function readFilter(
  { instance, event, chat, sink, code, from, to }: FilterOptions,
  command: Command,
): EventFilter {
  return check(eventFilter, { instance, event, chat, sink, code, from, to }, command);
}

/** Ends the command with the exit code of wrong usage. */
export function check<T extends z.ZodType>(type: T, given: unknown, command: Command): z.output<T> {
  const { success, data, error } = type.safeParse(given);
  if (success) return data;
  const lines = error.issues.map(({ path, message }) => {
    const [field] = path;
    return `error: ${typeof field === 'string' ? `--${field} ` : ''}${message}`;
  });
  return command.error([...new Set(lines)].join('\n'));
}

export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const number = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (number >= least && number <= most) return number;
    throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`);
  };
}

/** To standard error, so that the answer stands alone; nothing for what one batch does. */
export function reportProgress(verb: string): Progress {
  const EVERY_ROWS = 10_000;
  let next = EVERY_ROWS;
  return (changed) => {
    if (changed < next) return;
    process.stderr.write(`${changed} ${verb} so far\n`);
    next = changed + EVERY_ROWS;
  };
}
