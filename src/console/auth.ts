import { createHash, timingSafeEqual } from 'node:crypto';
import type { NextFunction, Request, RequestHandler, Response } from 'express';

/** Compared as digests, so that neither length nor content of the key shows in the time that it takes. */
const digest = (text: string) => createHash('sha256').update(text).digest();

/** Lets a request pass that carries the key in the header `apikey`, as all routes of the host do. */
export function requireApiKey(key: string | undefined): RequestHandler {
  const expected = key === undefined ? undefined : digest(key);
  return (request: Request, response: Response, next: NextFunction) => {
    const given = request.get('apikey');
    if (expected && given !== undefined && timingSafeEqual(digest(given), expected)) return next();
    const message = expected
      ? 'The header apikey is missing or wrong'
      : 'No API key is set: see AUTHENTICATION_API_KEY';
    response.status(401).json({ status: 401, error: 'Unauthorized', response: { message } });
  };
}
