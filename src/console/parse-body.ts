import { json, type NextFunction, type Request, type RequestHandler, type Response } from 'express';
import { answerProblem, Problem } from './problem';

/** Lists of event ids are all that bodies hold. */
const parseJson = json({ limit: '256kb' }) as RequestHandler;

/** Reads a JSON body where nobody before us has: the host does, for all of its routes. */
export function parseBody(request: Request, response: Response, next: NextFunction): void {
  if (request.body !== undefined) return next();
  parseJson(request, response, (error?: unknown) => {
    if (error === undefined) return next();
    answerProblem(new Problem(400, ['the body is not JSON, or too large']), response, next);
  });
}
