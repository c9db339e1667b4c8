import { createHmac } from 'node:crypto';

/*
 * Symmetric signatures of the Standard Webhooks specification 1.0.0, "Signature scheme":
 * https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */

const PREFIX = 'whsec_';

/** @param secret as the specification writes it: `whsec_` and base64. */
export function signingKey(secret: string): Buffer {
  return Buffer.from(secret.slice(PREFIX.length), 'base64');
}

/**
 * @param keys more than one while a secret is exchanged for another.
 * @param timestamp in seconds.
 * @returns the value of the header `webhook-signature`.
 */
export function signatureOf(keys: readonly Buffer[], id: string, timestamp: number, body: Buffer): string {
  return keys
    .map((key) => createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest('base64'))
    .map((signature) => `v1,${signature}`)
    .join(' ');
}
