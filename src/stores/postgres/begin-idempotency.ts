import type { Pool } from 'pg';
import type { KnownRequest, NewRequest } from '../idempotency-store';

/**
 * Writes down requests that are not known yet.
 *
 * In: owner, requests. Out: the ids of those written; when it returns, they are durable.
 * Locks: the rows written; waits for another process that writes the same id at this moment, in the order of ids.
 */
const written = (schema: string) => `
INSERT INTO "${schema}".idempotency (request_id, fingerprint, state, owner, run)
SELECT request_id, fingerprint, 'running', $1, run
FROM unnest($2::text[], $3::text[], $4::uuid[]) AS given(request_id, fingerprint, run) ORDER BY request_id
ON CONFLICT (request_id) DO NOTHING
RETURNING request_id AS "requestId"`;

/** Reads requests. In: ids. Out: those that are there. Locks: none. */
const known = (schema: string) => `
SELECT request_id AS "requestId", fingerprint, run, owner, status, answer AS text, EXISTS (
  SELECT FROM "${schema}".send_worker AS worker WHERE worker.owner = idempotency.owner AND expires_at >= now()
) AS "isOwnerThere"
FROM "${schema}".idempotency WHERE request_id = ANY($1)`;

interface Row extends Omit<KnownRequest, 'answer'> {
  requestId: string;
  status: number | null;
  text: string | null;
}

/** @param prepared whether the server may keep the plan. */
export async function beginRequests(
  pool: Pool,
  schema: string,
  prepared: boolean,
  owner: string,
  requests: readonly NewRequest[],
): Promise<(KnownRequest | undefined)[]> {
  const { rows: fresh } = await pool.query<{ requestId: string }>({
    text: written(schema),
    values: [
      owner,
      requests.map(({ requestId }) => requestId),
      requests.map(({ fingerprint }) => fingerprint),
      requests.map(({ run }) => run),
    ],
    ...(prepared && { name: 'guard-begin-requests' }),
  });
  const ours = new Set(fresh.map(({ requestId }) => requestId));
  const others = requests.flatMap(({ requestId }) => (ours.has(requestId) ? [] : [requestId]));
  const { rows } = others.length > 0 ? await pool.query<Row>(known(schema), [others]) : { rows: [] };
  const found = new Map(rows.map((row) => [row.requestId, asKnown(row)]));
  return requests.map(({ requestId, fingerprint, run }) => {
    if (ours.has(requestId)) return { fingerprint, run, owner, isOwnerThere: true, answer: undefined };
    return found.get(requestId);
  });
}

function asKnown({ fingerprint, run, owner, isOwnerThere, status, text }: Row): KnownRequest {
  const answer = status === null ? undefined : { status, text: text ?? '' };
  return { fingerprint, run, owner, isOwnerThere, answer };
}
