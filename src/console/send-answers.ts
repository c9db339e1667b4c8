import type { ChatDepth, SendRecord, SendState } from '../stores/send-store';

/** A send as operators and programs are told of it: times in ISO 8601, null where it has not happened. Never its body. */
export interface SendAnswer extends Omit<SendRecord, Time> {
  acceptedAt: string;
  sendingAt: string | null;
  sentAt: string | null;
  serverAckAt: string | null;
  deliveredAt: string | null;
  readAt: string | null;
  endedAt: string | null;
}

type Time = 'acceptedAt' | 'sendingAt' | 'sentAt' | 'serverAckAt' | 'deliveredAt' | 'readAt' | 'endedAt';

export interface LifeStep {
  state: SendState;
  at: string;
  /** Milliseconds since the step before, 0 for the first. Clocks of three machines: it may be a little below 0. */
  afterMs: number;
}

export interface SendLife extends SendAnswer {
  /** What has happened, in the order of the states. `sending` is the beginning of the last attempt. */
  life: LifeStep[];
  /** Milliseconds since the last of it. */
  lastStepMs: number;
}

export interface QueueAnswer {
  instance: string;
  chat: string;
  waiting: number;
  sending: number;
  oldestAcceptedAt: string;
  oldestSeconds: number;
  /**
   * Who had the chat's turn last: `process` is its host name and pid, null where it has signed off or was not heard of for
   * an hour.
   */
  holder: { process: string | null; owner: string; fence: number } | null;
}

export interface Page {
  sends: SendAnswer[];
  /** `before` of the following page. */
  next: number | null;
}

const iso = (at: number) => new Date(at).toISOString();
const isoOrNull = (at: number | null) => (at === null ? null : iso(at));

export function sendAnswer(record: SendRecord): SendAnswer {
  const { seq, sendId, messageId, instance, chat, integration, kind, caller, state, attempts, owner, fence, error } =
    record;
  return {
    seq,
    sendId,
    messageId,
    instance,
    chat,
    integration,
    kind,
    caller,
    state,
    attempts,
    owner,
    fence,
    error,
    acceptedAt: iso(record.acceptedAt),
    sendingAt: isoOrNull(record.sendingAt),
    sentAt: isoOrNull(record.sentAt),
    serverAckAt: isoOrNull(record.serverAckAt),
    deliveredAt: isoOrNull(record.deliveredAt),
    readAt: isoOrNull(record.readAt),
    endedAt: isoOrNull(record.endedAt),
  };
}

export function pageAnswer(records: readonly SendRecord[], limit: number): Page {
  const next = records.length === limit ? (records.at(-1)?.seq ?? null) : null;
  return { sends: records.map(sendAnswer), next };
}

/** @param now milliseconds since 1970. */
export function lifeAnswer(record: SendRecord, now: number): SendLife {
  let last = record.acceptedAt;
  const life = stepsOf(record).map(([state, at]) => {
    const step = { state, at: iso(at), afterMs: at - last };
    last = at;
    return step;
  });
  return { ...sendAnswer(record), life, lastStepMs: now - last };
}

function stepsOf(record: SendRecord): [SendState, number][] {
  const steps: [SendState, number | null][] = [
    ['accepted', record.acceptedAt],
    ['sending', record.sendingAt],
    ['sent', record.sentAt],
    ['server_ack', record.serverAckAt],
    ['delivered', record.deliveredAt],
    ['read', record.readAt],
    [record.state, record.endedAt],
  ];
  return steps.flatMap(([state, at]) => (at === null ? [] : [[state, at]]));
}

/** @param now milliseconds since 1970. */
export function queueAnswer({ holder, oldestAcceptedAt, ...depth }: ChatDepth, now: number): QueueAnswer {
  return {
    ...depth,
    oldestAcceptedAt: iso(oldestAcceptedAt),
    oldestSeconds: Math.max(0, (now - oldestAcceptedAt) / 1000),
    holder: holder && { process: holder.about || null, owner: holder.owner, fence: holder.fence },
  };
}
