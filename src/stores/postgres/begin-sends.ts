import type { Pool } from 'pg';
import type { Beginning, Begun } from '../send-store';
import { givenSends, inStatements, sendColumns } from './send-columns';
import { batchOf, type PlanNames } from './send-plans';

const FRESH = 6;

/** What is open in a wanted chat for owners on one side of our own: in two halves, so that the index finds them. */
const ofOthers = (schema: string, side: '<' | '>') => `
        SELECT seq, owner FROM "${schema}".unsettled_send AS open
        WHERE phase = 'open' AND open.instance = wanted.instance AND open.chat = wanted.chat AND open.owner ${side} $1`;

/**
 * Makes sends `sending`, each under the fence of its chat, in one statement.
 *
 * In: owner, beginnings (send, instance, chat, place), and what is to be written of fresh ones. Out: one
 * text, for each beginning in the order of the batch its fence, `behind`, `lost`, or `again`.
 * Locks: the turns of the chats, in the order of their keys, so that two batches never wait in a circle; then the sends.
 *
 * All that is looked at is as it was when the statement began, also after it has waited for a turn that another process
 * was taking. A turn whose number of sends has risen meanwhile is therefore left as it is: `again`. Where it has not,
 * nobody has begun a send, so nothing is `sending` that was not seen. Processes are compared by the oldest that each has
 * open in the chat, whichever it would begin now: so one of them is always first, and none waits for one that waits for it.
 * What a process has left that is gone goes before everything: somebody will take it over.
 * A fresh send that is there already is the repeat of a begin whose answer was lost.
 */
const statement = (schema: string) => `
WITH wanted AS (
  ${batchOf(2, { send_id: 'uuid', instance: 'text', chat: 'text', place: 'text' })}
), fresh AS (${givenSends(FRESH)}), seen AS (
  SELECT wanted.*, own.seq, turn.turns, CASE
    WHEN own.seq IS NULL AND NOT EXISTS (SELECT FROM fresh WHERE fresh.send_id = wanted.send_id) THEN 'lost'
    WHEN own.owner <> $1 OR own.state NOT IN ('accepted', 'sending') THEN 'lost'
    WHEN EXISTS (
      SELECT FROM (${ofOthers(schema, '<')} UNION ALL ${ofOthers(schema, '>')}) AS other
      WHERE CASE place
          WHEN 'next' THEN least.seq IS NULL OR other.seq < least.seq
          WHEN 'ahead' THEN own.seq IS NULL OR other.seq < own.seq
        END
        OR (SELECT state FROM "${schema}".send WHERE send.seq = other.seq) = 'sending'
        OR NOT EXISTS (
          SELECT FROM "${schema}".send_worker AS w WHERE w.owner = other.owner AND w.expires_at >= now()
        )
    ) THEN 'behind'
  END AS refusal
  FROM wanted
  LEFT JOIN LATERAL (
    SELECT seq, owner, state FROM "${schema}".send WHERE send.send_id = wanted.send_id LIMIT 1
  ) AS own ON true
  LEFT JOIN LATERAL (
    SELECT owner, turns FROM "${schema}".send_turn AS known
    WHERE known.instance = wanted.instance AND known.chat = wanted.chat LIMIT 1
  ) AS turn ON true
  LEFT JOIN LATERAL (
    SELECT seq FROM "${schema}".unsettled_send AS mine
    WHERE mine.phase = 'open' AND mine.instance = wanted.instance AND mine.chat = wanted.chat AND mine.owner = $1
    ORDER BY seq LIMIT 1
  ) AS least ON true
), taken AS (
  INSERT INTO "${schema}".send_turn AS turn (instance, chat, owner, fence, turns)
  SELECT DISTINCT instance, chat, $1::uuid, 1, coalesce(turns, 0) + 1 FROM seen WHERE refusal IS NULL
  ORDER BY instance, chat
  ON CONFLICT (instance, chat) DO UPDATE
  SET owner = EXCLUDED.owner, turns = EXCLUDED.turns,
      fence = turn.fence + CASE WHEN turn.owner = EXCLUDED.owner THEN 0 ELSE 1 END
  WHERE turn.turns = EXCLUDED.turns - 1
  RETURNING instance, chat, fence
), begun AS (
  SELECT send_id, seq, fence FROM taken JOIN seen USING (instance, chat) WHERE refusal IS NULL
), continued AS (
  UPDATE "${schema}".send SET state = 'sending', attempts = attempts + 1, sending_at = now(), fence = begun.fence
  FROM begun
  WHERE send.seq = ANY(ARRAY(SELECT seq FROM begun)) AND send.seq = begun.seq
    AND send.owner = $1 AND send.state IN ('accepted', 'sending')
  RETURNING send.send_id, send.fence
), written AS (
  INSERT INTO "${schema}".send (send_id, instance, chat, integration, kind, caller, message_id, request_id, accepted_at,
                                state, attempts, owner, fence, sending_at)
  SELECT send_id, instance, chat, integration, kind, caller, message_id, request_id,
         to_timestamp(accepted_at / 1000.0), 'sending', 1, $1, fence, now()
  FROM begun JOIN fresh USING (send_id) WHERE begun.seq IS NULL ORDER BY position
  ON CONFLICT (send_id) DO NOTHING
  RETURNING seq, send_id, fence
), opened AS (
  INSERT INTO "${schema}".unsettled_send (seq, instance, chat, owner, phase, body)
  SELECT seq, instance, chat, $1, 'open', body FROM written JOIN fresh USING (send_id)
)
SELECT string_agg(coalesce(refusal, fence::text, 'again'), ',' ORDER BY position) AS outcomes
FROM seen LEFT JOIN (
  SELECT send_id, fence FROM continued UNION ALL SELECT send_id, fence FROM written
) AS sending USING (send_id)`;

/** Whoever is outrun that often has others before it. */
const MOST_TRIES = 5;

export async function beginSends(
  pool: Pool,
  schema: string,
  nameOf: PlanNames,
  owner: string,
  beginnings: readonly Beginning[],
): Promise<Begun[]> {
  const answers: Begun[] = [];
  for (const part of inStatements(beginnings, ({ fresh }) => fresh)) {
    answers.push(...(await beginPart(pool, schema, nameOf, owner, part)));
  }
  return answers;
}

async function beginPart(
  pool: Pool,
  schema: string,
  nameOf: PlanNames,
  owner: string,
  beginnings: readonly Beginning[],
): Promise<Begun[]> {
  const answers: Begun[] = beginnings.map(() => ({ outcome: 'behind' }));
  let open = beginnings.map((beginning, place) => ({ beginning, place }));
  for (let attempt = 1; open.length > 0 && attempt <= MOST_TRIES; attempt += 1) {
    const outcomes = await tryOnce(
      pool,
      schema,
      nameOf,
      owner,
      open.map(({ beginning }) => beginning),
    );
    for (const [index, { place }] of open.entries()) answers[place] = asBegun(outcomes[index]);
    open = open.filter((_, index) => outcomes[index] === 'again');
  }
  return answers;
}

async function tryOnce(
  pool: Pool,
  schema: string,
  nameOf: PlanNames,
  owner: string,
  beginnings: readonly Beginning[],
): Promise<string[]> {
  const { rows } = await pool.query<{ outcomes: string }>({
    text: statement(schema),
    values: [
      owner,
      beginnings.map(({ sendId }) => sendId),
      beginnings.map(({ instance }) => instance),
      beginnings.map(({ chat }) => chat),
      beginnings.map(({ place }) => place),
      ...sendColumns(beginnings.flatMap(({ fresh }) => fresh ?? [])),
    ],
    ...nameOf('begin-sends'),
  });
  return rows[0]?.outcomes.split(',') ?? [];
}

function asBegun(outcome: string | undefined): Begun {
  if (outcome === 'lost') return { outcome };
  const fence = Number(outcome);
  return fence > 0 ? { outcome: 'begun', fence } : { outcome: 'behind' };
}
