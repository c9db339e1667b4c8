import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { describe, GuardError } from '../../src/core/errors';
import { readText } from './files';

export interface Host {
  dir: string;
  version: string;
}

const hostPackage = z.object({ name: z.literal('evolution-api'), version: z.string() });

export function openHost(hostDir: string): Host {
  const dir = resolve(hostDir);
  const text = readText(dir, 'package.json');
  if (text === undefined) throw new GuardError('GUARD_HOST_NOT_FOUND', `${dir} has no package.json.`);
  if (!existsSync(join(dir, 'src'))) throw new GuardError('GUARD_HOST_NOT_FOUND', `${dir} has no src folder.`);
  try {
    return { dir, version: hostPackage.parse(JSON.parse(text.replace(/^\uFEFF/, ''))).version };
  } catch (error) {
    const why = error instanceof z.ZodError ? z.prettifyError(error) : describe(error);
    throw new GuardError('GUARD_HOST_NOT_FOUND', `${join(dir, 'package.json')}: ${why}`, { cause: error });
  }
}

export function requireSupported(host: Host, supported: readonly string[]): void {
  if (supported.includes(host.version)) return;
  throw new GuardError('GUARD_HOST_VERSION', `It is ${host.version}; supported: ${supported.join(', ')}.`);
}
