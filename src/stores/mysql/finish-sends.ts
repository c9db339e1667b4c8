import type { SendOutcome, SendState } from '../send-store';
import { NOW_MS } from './now';
import type { MysqlPool } from './pool';
import { awaitWord, forgetBodies, settle } from './send-rows';
import { transact, type Statement } from './transact';

interface Row {
  seq: number;
  sendId: string;
  state: SendState;
  integration: string;
}

type Ending = Row & { outcome: SendOutcome };

/**
 * Ends attempts. WhatsApp may have acknowledged a send before its channel has answered: then the answer only adds what is
 * not known yet. Nobody acknowledges what the channel EVOLUTION has sent.
 *
 * In: owner, outcomes. Out: nothing. Locks: the sends, then what awaits them, for two trips.
 */
export async function finishSends(
  pool: MysqlPool,
  schema: string,
  owner: string,
  outcomes: readonly SendOutcome[],
): Promise<void> {
  if (outcomes.length === 0) return;
  const bySendId = new Map(outcomes.map((outcome) => [outcome.sendId, outcome]));
  await transact<Row>(pool, {
    choose: [
      {
        sql: `SELECT seq, send_id AS sendId, state, integration FROM ${schema}_send
              WHERE send_id IN (?) AND owner = ? AND (state IN ('accepted', 'sending')
                OR (sent_at IS NULL AND state IN ('server_ack', 'delivered', 'read')))
              FOR UPDATE`,
        values: [[...bySendId.keys()], owner],
      },
    ],
    change: (rows) =>
      changes(
        schema,
        rows.flatMap((row) => {
          const outcome = bySendId.get(row.sendId);
          return outcome ? [{ ...row, outcome }] : [];
        }),
      ),
  });
}

const seqs = (endings: readonly Ending[], states: readonly SendOutcome['state'][]) =>
  endings.filter(({ outcome }) => states.includes(outcome.state)).map(({ seq }) => seq);

const isOpen = ({ state }: Row) => state === 'accepted' || state === 'sending';

function changes(schema: string, endings: readonly Ending[]): Statement[] {
  const open = endings.filter(isOpen);
  const late = endings.filter((ending) => !isOpen(ending) && ending.outcome.state === 'sent');
  const seqsOf = (...states: SendOutcome['state'][]) => seqs(open, states);
  const unacknowledged = open.filter(({ integration }) => integration === 'EVOLUTION');
  const acknowledged = open.filter((ending) => !unacknowledged.includes(ending));
  return [
    ...alike(open).map((group) => endStatement(schema, group)),
    ...late.map(({ seq, outcome: { messageId } }) => ({
      sql: `UPDATE ${schema}_send SET sent_at = ${NOW_MS}, message_id = COALESCE(?, message_id) WHERE seq = ?`,
      values: [messageId ?? null, seq],
    })),
    ...awaitWord(schema, 'sent', seqs(acknowledged, ['sent'])),
    ...awaitWord(schema, 'unknown', seqsOf('unknown')),
    ...settle(schema, [...seqsOf('failed', 'cancelled'), ...seqs(unacknowledged, ['sent'])]),
    ...forgetBodies(schema, seqsOf('sent', 'unknown', 'failed', 'cancelled')),
  ];
}

/** Most ends are the same but for the send: one statement writes them all. */
function alike(endings: readonly Ending[]): Ending[][] {
  const groups = new Map<string, Ending[]>();
  for (const ending of endings) {
    const { state, messageId, error } = ending.outcome;
    const key = JSON.stringify([state, messageId, error]);
    groups.set(key, [...(groups.get(key) ?? []), ending]);
  }
  return [...groups.values()];
}

function endStatement(schema: string, endings: readonly Ending[]): Statement {
  const { state, messageId, error } = endings[0]?.outcome ?? {};
  const time = state === 'sent' ? 'sent_at' : 'ended_at';
  return {
    sql: `UPDATE ${schema}_send SET state = ?, error = ?, message_id = COALESCE(?, message_id)
          ${state === 'accepted' ? '' : `, ${time} = ${NOW_MS}`} WHERE seq IN (?)`,
    values: [state, error ?? null, messageId ?? null, endings.map(({ seq }) => seq)],
    bytes: error?.length ?? 0,
  };
}
