import type { Connection, UpsertResult } from 'mariadb';
import { StatementError, withoutStatement } from './errors';
import type { MysqlPool } from './pool';

export interface Statement {
  sql: string;
  values: readonly unknown[];
  /** Of long texts among the values. */
  bytes?: number;
}

export interface Transaction<Row> {
  /** Statements that take locks, the last of them a SELECT. */
  choose: readonly Statement[];
  /** What is to be done about the rows that it gave. Nothing: the transaction is left without a trace. */
  change: (rows: Row[]) => readonly Statement[];
  patienceMs?: number;
}

/** Far below the smallest max_allowed_packet that servers come with (4 MiB), as quoting may double a text. */
export const TRIP_BYTES = 1024 * 1024;
const MOST_DEADLOCKS = 5;
const BEGIN: Statement = { sql: 'START TRANSACTION', values: [] };
const COMMIT: Statement = { sql: 'COMMIT', values: [] };
const ROLLBACK: Statement = { sql: 'ROLLBACK', values: [] };

/**
 * Reads rows under lock, then changes what depends on them. Two trips to the server unless there is much to write: texts
 * of several statements, of which the server runs none after the first that fails. The victim of a deadlock begins anew.
 *
 * @returns the rows, and the outcomes of the changes in their order.
 */
export async function transact<Row>(
  pool: MysqlPool,
  transaction: Transaction<Row>,
): Promise<{ rows: Row[]; outcomes: UpsertResult[] }> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await pool.use((connection) => runOnce(connection, transaction), transaction.patienceMs);
    } catch (error) {
      if (!(error instanceof StatementError && error.isDeadlock && attempt < MOST_DEADLOCKS)) throw error;
    }
  }
}

async function runOnce<Row>(connection: Connection, { choose, change }: Transaction<Row>) {
  try {
    const [chosen] = (await send(connection, [BEGIN, ...choose])).slice(-1);
    const rows = chosen as Row[];
    const changes = change(rows);
    const outcomes: UpsertResult[] = [];
    for (const trip of trips([...changes, changes.length > 0 ? COMMIT : ROLLBACK])) {
      outcomes.push(...((await send(connection, trip)) as UpsertResult[]));
    }
    return { rows, outcomes };
  } catch (error) {
    await connection.query(ROLLBACK.sql).catch(() => connection.end()); // the connection may be what failed
    throw withoutStatement(error);
  }
}

async function send(connection: Connection, statements: readonly Statement[]): Promise<unknown[]> {
  const sql = statements.map((statement) => statement.sql).join(';');
  const answer: unknown = await connection.query(
    sql,
    statements.flatMap(({ values }) => values),
  );
  return statements.length === 1 ? [answer] : (answer as unknown[]);
}

/** As many statements at a time as fit into one packet. */
function trips(statements: readonly Statement[]): Statement[][] {
  const all: Statement[][] = [];
  let [trip, bytes]: [Statement[], number] = [[], 0];
  for (const statement of statements) {
    const size = statement.sql.length + (statement.bytes ?? 0);
    if (trip.length > 0 && bytes + size > TRIP_BYTES) {
      all.push(trip);
      [trip, bytes] = [[], 0];
    }
    trip.push(statement);
    bytes += size;
  }
  return [...all, trip];
}
