import type { z } from 'zod';
import { GuardError } from './errors';
import type { Setting } from './setting-types';
import { SETTINGS } from './settings-table';

type Table = typeof SETTINGS;
type Output<S extends Setting> = z.output<S['type']> | (S extends { default: unknown } ? never : undefined);

/** All settings, parsed. Keys are those of the table; a setting without default may be undefined. */
export type Settings = { readonly [K in keyof Table]: Output<Table[K]> };
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads every setting of the table from the environment: the GUARD_ variable, else the host's own, else the default.
 * An empty variable counts as absent, as the host's `.env` files are full of them.
 *
 * @throws GuardError GUARD_SETTINGS_INVALID, whose detail has a line for every mistake, unknown GUARD_ names included.
 */
export function readSettings(environment: Environment): Settings {
  const mistakes: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [key, setting] of Object.entries<Setting>(SETTINGS)) {
    const names = [setting.env, setting.hostEnv].filter((name) => name !== undefined);
    const name = names.find((candidate) => environment[candidate]?.trim());
    if (name === undefined) {
      values[key] = setting.default;
      continue;
    }
    const parsed = setting.type.safeParse(environment[name]?.trim());
    if (parsed.success) values[key] = parsed.data;
    else mistakes.push(`${name}: ${parsed.error.issues.map((issue) => issue.message).join(', ')}`);
  }
  mistakes.push(...unknownNames(environment));
  if (mistakes.length > 0) {
    throw new GuardError('GUARD_SETTINGS_INVALID', `\n${mistakes.map((line) => `  - ${line}`).join('\n')}\n`);
  }
  return values as Settings;
}

/** Names of ours that are not for the host: they say which servers the tests use. */
const NOT_FOR_THE_HOST = /^GUARD_TEST_/;

/** A misspelt GUARD_ name would silently leave a promise off, so it is a mistake. */
function unknownNames(environment: Environment): string[] {
  const known = new Set(Object.values<Setting>(SETTINGS).map((setting) => setting.env));
  return Object.keys(environment)
    .filter((name) => name.startsWith('GUARD_') && !known.has(name) && !NOT_FOR_THE_HOST.test(name))
    .map((name) => `${name}: no such setting`);
}
