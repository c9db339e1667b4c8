import { createHash, type Hash } from 'node:crypto';
import { GuardError } from '../core/errors';

/** Printable ASCII, as a header carries it. */
const KEY = /^[\x20-\x7e]{1,255}$/;
/** Far above any message, far below what would keep the process busy for a noticeable time. */
const [MOST_VALUES, MOST_DEPTH] = [100_000, 100];

/** Names a request: whoever does not know the API key cannot name, and so not see, what was asked with it. */
export interface KeyScope {
  apiKey: string;
  instance: string;
  key: string;
}

/** What is asked. */
export interface AskedRequest {
  method: string;
  path: string;
  query: unknown;
  /** Parsed. */
  body: unknown;
}

/** @returns SHA-256 in hexadecimal. @throws GuardError GUARD_IDEMPOTENCY_KEY */
export function requestIdOf({ apiKey, instance, key }: KeyScope): string {
  if (!KEY.test(key)) throw new GuardError('GUARD_IDEMPOTENCY_KEY', `Its key has ${key.length} characters, or others.`);
  return createHash('sha256')
    .update(JSON.stringify([apiKey, instance, key]))
    .digest('hex');
}

/**
 * The same for all spellings of a request: neither spaces nor the order of fields count.
 *
 * @returns SHA-256 in hexadecimal.
 * @throws GuardError GUARD_IDEMPOTENCY_KEY where the body has more parts than a message can have.
 */
export function fingerprintOf({ method, path, query, body }: AskedRequest): string {
  const hash = createHash('sha256');
  const budget = { values: MOST_VALUES };
  for (const part of [method, path, query, body]) feed(hash, part, 0, budget);
  return hash.digest('hex');
}

/** Every value with its kind and length before it, so that no two read the same. */
function feed(hash: Hash, value: unknown, depth: number, budget: { values: number }): void {
  budget.values -= 1;
  if (budget.values < 0 || depth > MOST_DEPTH) {
    const detail = `Its body has more than ${MOST_VALUES} values, or is nested deeper than ${MOST_DEPTH}.`;
    throw new GuardError('GUARD_IDEMPOTENCY_KEY', detail);
  }
  if (typeof value === 'string') {
    hash.update(`s${value.length}:`).update(value);
  } else if (Array.isArray(value)) {
    hash.update(`a${value.length}:`);
    for (const item of value) feed(hash, item, depth + 1, budget);
  } else if (typeof value === 'object' && value !== null) {
    const fields = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
    hash.update(`o${fields.length}:`);
    for (const [name, field] of fields) {
      hash.update(`${name.length}:`).update(name);
      feed(hash, field, depth + 1, budget);
    }
  } else {
    hash.update(`v${String(value)};`);
  }
}
