import { sequenceAnswer, sequencePage, type SequenceAnswer, type StepAnswer } from '../console/sequence-answers';
import type { SequenceRecord } from '../stores/sequence-store';
import type { Answer } from './output';
import { lines, table } from './table';

export function listAnswer(records: readonly SequenceRecord[], limit: number): Answer {
  const page = sequencePage(records, limit);
  const rows = page.sequences.map(({ seq, id, acceptedAt, state, position, steps, instance, chat, code }) =>
    [seq, id, acceptedAt, state, `${position}/${steps.length}`, instance, chat, code ?? ''].map(String),
  );
  const more = page.next === null ? [] : [`There may be more: --before ${page.next}`];
  return { text: lines(rows.length === 0 ? ['No sequences.'] : [...table(rows), ...more]), data: { ...page } };
}

export function showAnswer(record: SequenceRecord): Answer {
  const sequence = sequenceAnswer(record);
  return { text: lines([...told(sequence), '', ...table(sequence.steps.map(stepCells))]), data: { sequence } };
}

export function cancelAnswer(record: SequenceRecord): Answer {
  const sequence = sequenceAnswer(record);
  return { text: lines([outcomeOf(sequence)]), data: { sequence } };
}

function outcomeOf({ state, position, steps }: SequenceAnswer): string {
  if (state === 'cancelled') return `Cancelled; ${position} of ${steps.length} steps are done.`;
  if (state === 'running') return `It will be cancelled when step ${position} has ended.`;
  return `It is ${state} already.`;
}

function told(sequence: SequenceAnswer): string[] {
  const { state, isCancelling, code, detail } = sequence;
  const facts = {
    sequence: sequence.id,
    state: state === 'running' && isCancelling ? 'running, to be cancelled' : state,
    reason: code === null ? 'none' : `${code}: ${detail ?? ''}`,
    instance: sequence.instance,
    chat: sequence.chat,
    priority: sequence.priority,
    key: sequence.idempotencyKey ?? 'none',
    accepted: sequence.acceptedAt,
    started: sequence.startedAt ?? 'no',
    ended: sequence.endedAt ?? 'no',
    process: sequence.owner,
    seq: `${sequence.seq}`,
  };
  return Object.entries(facts).map(([fact, value]) => `${fact.padEnd(12)}${value}`);
}

function stepCells(step: StepAnswer, index: number): string[] {
  const { kind, about, state, attempts, startedAt, httpStatus, messageId, detail } = step;
  const result = [httpStatus, messageId, detail].filter((each) => each !== undefined).join(' ');
  return [`${index}`, kind, about, state, `${attempts}x`, startedAt ?? '-', result];
}
