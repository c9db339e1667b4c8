import { describe, GuardError } from '../../core/errors';

/** What the server said of a statement. The driver's own error would carry the statement as well. */
export class StatementError extends Error {
  override readonly name = 'StatementError';

  constructor(
    message: string,
    readonly errno: number,
    private readonly sqlState: string | null,
  ) {
    super(message);
  }

  /** The rows themselves are at fault: SQLSTATE class 22 (data), MySQL's wrong text value, a packet too large. */
  get rowsAtFault(): boolean {
    return this.sqlState?.startsWith('22') === true || [1366, 1153, PACKET_TOO_LARGE_FOR_DRIVER].includes(this.errno);
  }

  get isDeadlock(): boolean {
    return this.errno === 1213;
  }

  get isDuplicate(): boolean {
    return this.errno === 1062;
  }

  get isAbsentTable(): boolean {
    return this.errno === 1146;
  }
}

const PACKET_TOO_LARGE_FOR_DRIVER = 45046;

/** An error of the driver without the statement in its message; any other as it is. */
export function withoutStatement(error: unknown): unknown {
  const { sqlMessage, errno, sqlState } = error as { sqlMessage?: unknown; errno?: unknown; sqlState?: unknown };
  if (typeof sqlMessage !== 'string' || typeof errno !== 'number') return error;
  return new StatementError(sqlMessage, errno, typeof sqlState === 'string' ? sqlState : null);
}

/** User, password, database or permission are refused, or encryption is asked for: waiting does not cure them. */
const REFUSED = new Set([1044, 1045, 1046, 1049, 1130, 1142, 1143, 1227, 1251, 1698, 3159]);

/** What the operator is told about an error of the driver. */
export function asDatabaseError(error: unknown): GuardError {
  if (error instanceof GuardError) return error;
  const refused = error instanceof StatementError && REFUSED.has(error.errno);
  const code = refused ? 'GUARD_DATABASE_REFUSED' : 'GUARD_DATABASE_UNREACHABLE';
  return new GuardError(code, `${describe(error)}.`, { cause: error });
}
