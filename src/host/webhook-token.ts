import { createHmac } from 'node:crypto';

const VALID_SECONDS = 600;

/**
 * The token that the host makes of the header `jwt_key` (webhook.controller.ts, `generateJwtToken`).
 *
 * @param now milliseconds since 1970.
 */
export function webhookToken(key: string, now: number): string {
  const iat = Math.floor(now / 1000);
  const header = encode({ alg: 'HS256', typ: 'JWT' });
  const payload = encode({ iat, exp: iat + VALID_SECONDS, app: 'evolution', action: 'webhook' });
  const signature = createHmac('sha256', key).update(`${header}.${payload}`).digest('base64url');
  return `${header}.${payload}.${signature}`;
}

const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
