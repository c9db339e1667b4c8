import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** A host as it stands on the disk; it can be started any number of times. */
export interface HostProgram {
  name: string;
  /** Its working directory. */
  folder: string;
  /** What node is called with. */
  args: readonly string[];
  /** SQL files that make its tables, in order. */
  migrations: readonly string[];
  /** What it cannot do without. */
  variables?: Readonly<Record<string, string>>;
  /** Whether it wants a Redis. */
  caches: boolean;
}

/** Of this package. */
export const PACKAGE_ROOT = join(__dirname, '..', '..');

/** Our own stand-in: the variables, requests and weaknesses of EvolutionAPI without EvolutionAPI. */
export const REFERENCE_HOST: HostProgram = {
  name: 'the reference host',
  folder: PACKAGE_ROOT,
  args: ['--import', pathToFileURL(require.resolve('tsx')).href, 'test/helpers/reference-host/main.ts'],
  migrations: [],
  // It has no tables of instances.
  variables: { GUARD_INSTANCES: 'false' },
  caches: false,
};
