import type { NextFunction, Response } from 'express';
import type { z } from 'zod';
import type { ErrorCode } from '../core/error-registry';
import { GuardError } from '../core/errors';

const NAMES = {
  400: 'Bad Request',
  404: 'Not Found',
  409: 'Conflict',
  422: 'Unprocessable Entity',
  429: 'Too Many Requests',
  503: 'Service Unavailable',
} as const;

/** What a handler throws to answer with an error, in the host's form. */
export class Problem extends Error {
  override readonly name = 'Problem';

  constructor(
    readonly status: keyof typeof NAMES,
    readonly messages: readonly string[],
  ) {
    super(messages.join('; '));
  }
}

/** Checks what came from outside. @throws Problem 400 that lists every mistake. */
export function parse<T extends z.ZodType>(type: T, given: unknown): z.output<T> {
  const { success, data, error } = type.safeParse(given);
  if (success) return data;
  throw new Problem(400, mistakes(error));
}

export function mistakes(error: z.ZodError): string[] {
  return error.issues.map(({ path, message }) => (path.length > 0 ? `${path.join('.')}: ${message}` : message));
}

/** Answers what a handler has thrown; what it does not know goes to the host's error handler. */
export function answerProblem(error: unknown, response: Response, next: NextFunction): void {
  const problem = error instanceof GuardError ? new Problem(statusOf(error), [error.message]) : error;
  if (!(problem instanceof Problem)) return next(error);
  const { status, messages: message } = problem;
  response.status(status).json({ status, error: NAMES[status], response: { message } });
}

/** What a name in the request is about; all else is a server behind the host. */
const STATUSES: Partial<Record<ErrorCode, Problem['status']>> = {
  GUARD_QUEUE_UNKNOWN: 404,
  GUARD_INSTANCE_UNKNOWN: 404,
  GUARD_INSTANCE_AMBIGUOUS: 409,
  GUARD_INSTANCE_NAME_TAKEN: 409,
  GUARD_INSTANCE_BUSY: 409,
  GUARD_INSTANCE_EXPORT: 409,
};

const statusOf = ({ code }: GuardError) => STATUSES[code] ?? 503;
