import { GuardError } from '../core/errors';
import type { ErrorCode } from '../core/error-registry';

const ANSWERS: Partial<Record<ErrorCode, readonly [status: number, name: string]>> = {
  GUARD_SENDS_FULL: [429, 'Too Many Requests'],
  GUARD_SENDS_CHAT: [400, 'Bad Request'],
  GUARD_SENDS_TEXT_TOO_LONG: [413, 'Payload Too Large'],
  GUARD_SENDS_TAKEN_OVER: [409, 'Conflict'],
};

/** What the host's error handler makes an answer of: it reads `status`, `error` and `message` of whatever was thrown. */
class HostError extends Error {
  override readonly name = 'HostError';

  constructor(
    readonly status: number,
    readonly error: string,
    cause: GuardError,
  ) {
    super(cause.message, { cause });
  }
}

/** An error of ours in a form that the host answers with; any other as it is. */
export function asHostError(error: unknown): unknown {
  if (!(error instanceof GuardError)) return error;
  const [status, name] = ANSWERS[error.code] ?? [503, 'Service Unavailable'];
  return new HostError(status, name, error);
}
