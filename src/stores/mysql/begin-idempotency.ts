import type { UpsertResult } from 'mariadb';
import type { KnownRequest, NewRequest } from '../idempotency-store';
import { NOW_MS } from './now';
import type { MysqlPool } from './pool';

interface Row extends Omit<KnownRequest, 'answer' | 'isOwnerThere'> {
  requestId: string;
  isOwnerThere: number;
  status: number | null;
  text: string | null;
}

/**
 * Writes down requests that are not known yet, and reads all of them. One trip, two transactions.
 *
 * In: owner, requests. Out: for each what is known now; when it returns, those written are durable.
 * Locks: the rows written or met, in the order of ids, for the first statement.
 */
export async function beginRequests(
  pool: MysqlPool,
  schema: string,
  owner: string,
  requests: readonly NewRequest[],
): Promise<(KnownRequest | undefined)[]> {
  const sorted = [...requests].sort((one, other) => (one.requestId < other.requestId ? -1 : 1));
  const [, rows] = await pool.query<[UpsertResult, Row[]]>(
    `INSERT INTO ${schema}_idempotency (request_id, fingerprint, state, owner, run, created_at)
     VALUES ${sorted.map(() => `(?,?,'running',?,?,${NOW_MS})`).join()}
     ON DUPLICATE KEY UPDATE request_id = VALUES(request_id);
     SELECT request_id AS requestId, fingerprint, run, known.owner, status, answer AS text,
       worker.owner IS NOT NULL AS isOwnerThere
     FROM ${schema}_idempotency AS known
     LEFT JOIN ${schema}_send_worker AS worker ON worker.owner = known.owner AND worker.expires_at >= ${NOW_MS}
     WHERE request_id IN (?)`,
    [
      ...sorted.flatMap(({ requestId, fingerprint, run }) => [requestId, fingerprint, owner, run]),
      requests.map(({ requestId }) => requestId),
    ],
  );
  const found = new Map(rows.map((row) => [row.requestId, asKnown(row)]));
  return requests.map(({ requestId }) => found.get(requestId));
}

function asKnown({ fingerprint, run, owner, isOwnerThere, status, text }: Row): KnownRequest {
  const answer = status === null ? undefined : { status, text: text ?? '' };
  return { fingerprint, run, owner, isOwnerThere: isOwnerThere === 1, answer };
}
