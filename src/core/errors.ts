import { REGISTRY, type ErrorCode } from './error-registry';

/**
 * The only error class that reaches an operator. Carries a code from the registry, what happened this time
 * (`detail`), and the registry's remedy; its message is all three in one line.
 */
export class GuardError extends Error {
  readonly code: ErrorCode;
  readonly detail: string;
  readonly remedy: string;

  constructor(code: ErrorCode, detail: string, options?: { cause?: unknown }) {
    const { meaning, remedy } = REGISTRY[code];
    super(`${code}: ${meaning} ${detail} Remedy: ${remedy}`, options);
    this.name = 'GuardError';
    this.code = code;
    this.detail = detail;
    this.remedy = remedy;
  }
}

/** What a foreign error says, in one line. AggregateErrors (Node's connect) have an empty message of their own. */
export function describe(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return error.errors.map(describe).join('; ');
  if (error instanceof Error) return error.message || error.name;
  return String(error);
}
