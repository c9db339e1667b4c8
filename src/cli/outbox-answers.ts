import type { Outcome } from '../events/dead-letters';
import type { OutboxSummary } from '../events/outbox-summary';
import type { EventRecord } from '../stores/dead-letters';
import type { Answer } from './output';

export function listAnswer(deadLetters: readonly EventRecord[], limit: number): Answer {
  const next = deadLetters.length === limit ? (deadLetters.at(-1)?.seq ?? null) : null;
  const rows = deadLetters.map(({ seq, eventId, instance, event, payloadBytes, deadAt, lastError }) => {
    const reason = lastError?.split('\n')[0] ?? '';
    return [seq, eventId, deadAt?.toISOString() ?? '', instance, event, `${payloadBytes} B`, reason].map(String);
  });
  const more = next === null ? [] : [`There may be more: --after ${next}`];
  const text = rows.length === 0 ? ['No dead letters.'] : [...columns(rows), ...more];
  return { text: lines(text), data: { deadLetters, next } };
}

export function showAnswer(events: readonly EventRecord[], payload: string | undefined): Answer {
  const blocks = events.map((event) =>
    Object.entries(told(event)).map(([name, value]) => `${name.padEnd(14)}${value}`),
  );
  const text = blocks.map((block) => lines(block)).join('\n');
  if (payload === undefined) return { text, data: { events } };
  return { text: `${text}\n${payload}\n`, data: { events, payload } };
}

/** @param verb what is done to the events, in the past tense. */
export function outcomeAnswer(verb: string, outcome: Outcome): Answer {
  const { dryRun, changed, tooLarge, notFound } = outcome;
  const text = [dryRun ? `It would be ${changed} ${verb}.` : `${changed} ${verb}.`];
  if (tooLarge.count > 0) {
    text.push(`${tooLarge.count} stay: they are larger than GUARD_EVENT_MAX_BYTES. Raise it, then redrive them:`);
    text.push(...tooLarge.first.map(({ eventId, payloadBytes }) => `  ${eventId}  ${payloadBytes} B`));
    if (tooLarge.count > tooLarge.first.length) text.push('  ...');
  }
  if (notFound.length > 0) text.push('Not found:', ...notFound.map((id) => `  ${id}`));
  return { text: lines(text), data: { ...outcome } };
}

export function summaryAnswer(summary: OutboxSummary): Answer {
  const { pending, dead, oldestSeconds, groups } = summary;
  const rows = groups.map((group) =>
    [group.pending, group.dead, age(group.oldestSeconds), group.instance, group.event, group.sink].map(String),
  );
  const heading = ['pending', 'dead', 'oldest', 'instance', 'event', 'sink'];
  const text = [
    `${pending} pending, the oldest ${age(oldestSeconds)}; ${dead} dead letters`,
    ...(rows.length > 0 ? columns([heading, ...rows]) : []),
  ];
  return { text: lines(text), data: { ...summary } };
}

function told(event: EventRecord): Record<string, string> {
  const { eventId, seq, sink, instance, chat, chatSequence, payloadBytes, attempts, lastError } = event;
  const state = event.deadAt ? 'dead' : event.deliveredAt ? 'delivered' : 'pending';
  return {
    event: `${event.event} ${eventId}`,
    state: `${state}${event.deadAt ? ` since ${event.deadAt.toISOString()}` : ''}`,
    captured: event.capturedAt.toISOString(),
    delivered: event.deliveredAt?.toISOString() ?? 'no',
    instance,
    chat: chat || 'none',
    'in chat': `number ${chatSequence}`,
    sink,
    seq: String(seq),
    size: `${payloadBytes} B`,
    parked: `${attempts} times by the relay`,
    reason: lastError ?? 'none',
  };
}

const age = (seconds: number | null) => (seconds === null ? '-' : `${Math.round(seconds)} s`);

/** Pads all but the last cell of each row. */
function columns(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row.map((cell, column) => (column < row.length - 1 ? cell.padEnd(widths[column] ?? 0) : cell)).join('  '),
  );
}

function lines(all: readonly string[]): string {
  return `${all.join('\n')}\n`;
}
