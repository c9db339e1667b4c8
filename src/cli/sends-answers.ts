import { pageAnswer, queueAnswer, type SendLife } from '../console/send-answers';
import type { ChatDepth, SendRecord } from '../stores/send-store';
import type { Answer } from './output';
import { lines, table } from './table';

export function listAnswer(records: readonly SendRecord[], limit: number): Answer {
  const page = pageAnswer(records, limit);
  const rows = page.sends.map(({ seq, sendId, acceptedAt, state, instance, chat, kind, messageId, error }) => {
    const reason = error?.split('\n')[0] ?? '';
    return [`${seq}`, sendId, acceptedAt, state, instance, chat, kind, messageId ?? '-', reason];
  });
  const more = page.next === null ? [] : [`There may be more: --before ${page.next}`];
  return { text: lines(rows.length === 0 ? ['No sends.'] : [...table(rows), ...more]), data: { ...page } };
}

/** Several where WhatsApp's id is that of several, as in two instances. */
export function showAnswer(sends: readonly SendLife[]): Answer {
  return { text: sends.map((send) => lines(told(send))).join('\n'), data: { sends } };
}

export function absentAnswer(id: string): Answer {
  const text = [
    `The journal has no send with the id ${id}, neither of ours nor of WhatsApp's.`,
    'Sends are deleted GUARD_SENDS_RETENTION_DAYS after their end; what the stock host sent is not in it.',
  ];
  return { text: lines(text), data: { sends: [] } };
}

export function queuesAnswer(
  totals: { accepted: number; sending: number; unknown: number },
  depths: readonly ChatDepth[],
  limit: number,
  now: number,
): Answer {
  const chats = depths.map((depth) => queueAnswer(depth, now));
  const rows = chats.map(({ waiting, sending, oldestSeconds, instance, chat, holder }) => {
    const who = holder ? `${holder.process ?? 'a process that is gone'}, fence ${holder.fence}` : 'nobody yet';
    return [`${waiting}`, `${sending}`, duration(oldestSeconds * 1000), instance, chat, who];
  });
  const text = [
    `${totals.accepted} waiting, ${totals.sending} being sent, ${totals.unknown} unknown`,
    ...(rows.length > 0 ? table([['waiting', 'sending', 'oldest', 'instance', 'chat', 'turn'], ...rows]) : []),
    ...(rows.length === limit ? ['There may be more chats: --limit'] : []),
  ];
  return { text: lines(text), data: { ...totals, chats } };
}

function told({ life, lastStepMs, ...send }: SendLife): string[] {
  const facts = {
    send: `${send.kind} ${send.sendId}`,
    state: send.state,
    'message id': send.messageId ?? 'none yet',
    instance: `${send.instance} (${send.integration})`,
    chat: send.chat,
    'asked by': send.caller,
    attempts: `${send.attempts}`,
    process: `${send.owner}${send.fence === null ? '' : `, fence ${send.fence}`}`,
    seq: `${send.seq}`,
    reason: send.error ?? 'none',
  };
  const steps = life.map(({ state, at, afterMs }, place) => {
    return `${state.padEnd(FACT)}${at}${place > 0 ? `  after ${duration(afterMs)}` : ''}`;
  });
  const now = AWAITED[send.state];
  const rest = now === undefined ? [] : [`${'now'.padEnd(FACT)}${now} for ${duration(lastStepMs)}`];
  return [...Object.entries(facts).map(([fact, value]) => `${fact.padEnd(FACT)}${value}`), ...steps, ...rest];
}

const FACT = 14;

/** What is going on in states that are not the last. */
const AWAITED: Partial<Record<SendLife['state'], string>> = {
  accepted: 'it waits for its turn,',
  sending: 'it is being sent,',
  sent: 'WhatsApp has not acknowledged it,',
  unknown: 'nobody knows whether it went out,',
};

/** One unit, as much as an operator wants to know. */
function duration(ms: number): string {
  if (Math.abs(ms) < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 120_000) return `${(ms / 1_000).toFixed(1)} s`;
  return ms < 7_200_000 ? `${Math.round(ms / 60_000)} min` : `${Math.round(ms / 3_600_000)} h`;
}
