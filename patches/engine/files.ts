import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { GuardError } from '../../src/core/errors';

/** undefined when there is no such file. */
export function readBytes(hostDir: string, path: string): Buffer | undefined {
  try {
    return readFileSync(join(hostDir, path));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Decodes so that encoding gives the same bytes again, byte order mark included; refuses what cannot. */
export function readText(hostDir: string, path: string): string | undefined {
  const bytes = readBytes(hostDir, path);
  if (!bytes) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    throw new GuardError('GUARD_PATCH_CONFLICT', `${path} is not UTF-8 text.`, { cause: error });
  }
}

export function sha256(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex');
}
