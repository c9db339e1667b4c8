import type { Acknowledgement, SendState } from '../send-store';
import type { MysqlPool } from './pool';
import { forgetBodies, settle, some } from './send-rows';
import { transact, type Statement } from './transact';

interface Row {
  seq: number;
  sendId: string;
  instance: string;
  messageId: string | null;
  state: SendState;
  error: string | null;
  server_ack: number | null;
  delivered: number | null;
  read: number | null;
}

/** The order in which a message gets on; what is not in it is not known to have gone out. */
const PROGRESS: readonly SendState[] = ['sent', 'server_ack', 'delivered', 'read'];
const STEPS = ['server_ack', 'delivered', 'read'] as const;

/**
 * Notes what WhatsApp says of messages; several words about one are taken together.
 *
 * In: acknowledgements, each about the send with its send id or, without one, about those of its instance with its
 * message id. Out: sends that were changed. Locks: the sends, then what awaits them, for two trips.
 * What was refused or cancelled stays so.
 */
export async function acknowledgeSends(
  pool: MysqlPool,
  schema: string,
  acknowledgements: readonly Acknowledgement[],
): Promise<{ sendId: string; state: SendState }[]> {
  if (acknowledgements.length === 0) return [];
  let changed: { sendId: string; state: SendState }[] = [];
  await transact<Row>(pool, {
    choose: lookStatements(schema, acknowledgements),
    change(rows) {
      const next = rows.flatMap((row) => {
        const step = nextOf(
          row,
          acknowledgements.filter((word) => isAbout(word, row)),
        );
        return step ? [{ ...row, ...step, wasOpen: row.state === 'accepted' || row.state === 'sending' }] : [];
      });
      changed = next.map(({ sendId, state }) => ({ sendId, state }));
      return [
        ...stepStatements(schema, next),
        ...settle(schema, seqsOf(next)),
        ...forgetBodies(schema, seqsOf(next.filter(({ wasOpen }) => wasOpen))),
      ];
    },
  });
  return changed;
}

const seqsOf = (rows: readonly { seq: number }[]) => rows.map(({ seq }) => seq);

const isAbout = (word: Acknowledgement, row: Row) =>
  word.sendId === undefined
    ? word.messageId === row.messageId && word.instance === row.instance
    : word.sendId === row.sendId;

/** One condition for each index: with both in one, the server may read all sends. */
function lookStatements(schema: string, acknowledgements: readonly Acknowledgement[]): Statement[] {
  const sendIds = acknowledgements.flatMap(({ sendId }) => sendId ?? []);
  const messageIds = acknowledgements.flatMap(({ sendId, messageId }) => (sendId === undefined ? messageId : []));
  const conditions: Statement[] = [
    ...(sendIds.length > 0 ? [{ sql: 'send_id IN (?)', values: [sendIds] }] : []),
    ...(messageIds.length > 0 ? [{ sql: 'message_id IN (?)', values: [messageIds] }] : []),
  ].map(({ sql, values }) => ({ sql: `${sql} AND state NOT IN ('failed', 'cancelled')`, values }));
  const from = `FROM ${schema}_send WHERE`;
  return [
    ...conditions.map(({ sql, values }) => ({ sql: `SELECT seq ${from} ${sql} FOR UPDATE`, values })),
    {
      sql: conditions
        .map(
          ({
            sql,
          }) => `SELECT seq, send_id AS sendId, instance, message_id AS messageId, state, error, server_ack_at AS server_ack,
                               delivered_at AS delivered, read_at AS \`read\` ${from} ${sql}`,
        )
        .join(' UNION '),
      values: conditions.flatMap(({ values }) => values),
    },
  ];
}

interface Step {
  state: SendState;
  messageId: string | null;
  server_ack: number | null;
  delivered: number | null;
  read: number | null;
  error: string | null;
  endedAt: number | null;
}

const COLUMNS: Record<string, (step: Step) => unknown> = {
  state: ({ state }) => state,
  message_id: ({ messageId }) => messageId,
  error: ({ error }) => error,
  server_ack_at: ({ server_ack }) => server_ack,
  delivered_at: ({ delivered }) => delivered,
  read_at: ({ read }) => read,
  ended_at: ({ endedAt }) => endedAt,
};

/** Nothing, where the words say nothing new. */
function nextOf(row: Row, words: readonly Acknowledgement[]): Step | undefined {
  const first = (state: Acknowledgement['state']) => {
    const times = words.filter((word) => word.state === state).map(({ at }) => at);
    return times.length > 0 ? Math.min(...times) : null;
  };
  const furthest = Math.max(PROGRESS.indexOf(row.state), ...words.map(({ state }) => PROGRESS.indexOf(state)));
  const failedAt = first('failed');
  const fails = failedAt !== null && furthest < PROGRESS.indexOf('delivered');
  const state = fails ? 'failed' : (PROGRESS[furthest] ?? row.state);
  const isNew = STEPS.some((step) => row[step] === null && first(step) !== null);
  if (state === row.state && !isNew) return undefined;
  return {
    state,
    messageId: row.messageId ?? words[0]?.messageId ?? null,
    server_ack: row.server_ack ?? first('server_ack'),
    delivered: row.delivered ?? first('delivered'),
    read: row.read ?? first('read'),
    error: words.find(({ error }) => error !== undefined)?.error ?? row.error,
    endedAt: fails ? failedAt : null,
  };
}

/** One statement for all: each costs the server more than what it changes. */
function stepStatements(schema: string, steps: readonly (Step & { seq: number })[]): Statement[] {
  const assignments = Object.entries(COLUMNS).map(([column, valueOf]) => {
    const values = steps.flatMap((step) => [step.seq, valueOf(step)]);
    return { sql: `${column} = CASE seq ${steps.map(() => 'WHEN ? THEN ?').join(' ')} END`, values };
  });
  return some(steps, () => ({
    sql: `UPDATE ${schema}_send SET ${assignments.map(({ sql }) => sql).join()} WHERE seq IN (?)`,
    values: [...assignments.flatMap(({ values }) => values), steps.map(({ seq }) => seq)],
    bytes: steps.reduce((sum, { error }) => sum + (error?.length ?? 0), 0),
  }));
}
