import { GuardError } from '../../core/errors';

/*
 * In Redis and in the table Session the host encodes twice: the JSON text once more as a JSON string. Both of its layers do
 * so (CacheService and RedisCache, the replacer and saveKey), and both decode, so that neither can be left out.
 */

export const wrap = (text: string): string => JSON.stringify(text);

/** @param where names the value in an error. @throws GuardError GUARD_CREDENTIALS_MALFORMED where the host could not read it either. */
export function unwrap(value: string, where: string): string {
  const text = parsed(value);
  if (typeof text === 'string') return text;
  throw new GuardError('GUARD_CREDENTIALS_MALFORMED', `${where} is not as the host writes it.`);
}

function parsed(value: string): unknown {
  try {
    return JSON.parse(value);
  } catch {
    return undefined; // told by the caller
  }
}
