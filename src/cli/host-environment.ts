import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import type { Environment } from '../core/settings';

/** The host's own .env, and over it what is set in the environment of the command: as the host reads them itself. */
export function hostEnvironment(hostDir: string, own: Environment): Environment {
  const file = join(hostDir, '.env');
  return { ...(existsSync(file) ? parseEnv(readFileSync(file, 'utf8')) : {}), ...own };
}
