import type { NextFunction, Request, Response } from 'express';
import { GuardError } from '../core/errors';
import { SEQUENCE_HEADER } from '../sends/sequences/http-step';
import { answerProblem, Problem } from './problem';

/** What a sequence has asked for must not send, nor start another sequence: it could go on for ever. */
export function refuseLoops(request: Request, response: Response, next: NextFunction): void {
  const loop = loopOf(request);
  if (loop) answerProblem(loop, response, next);
  else next();
}

/** @returns what to answer, where a request comes from a sequence. */
export function loopOf(request: Request): Problem | undefined {
  const from = request.get(SEQUENCE_HEADER);
  if (from === undefined) return undefined;
  const detail = `It carries the header ${SEQUENCE_HEADER}.`;
  return new Problem(400, [new GuardError('GUARD_SEQUENCE_LOOP', detail).message]);
}
