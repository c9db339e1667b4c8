import type { Release } from './engine/recipe';
import { attach } from './recipes/attach';
import { cacheEngine } from './recipes/cache-engine';
import { dependency } from './recipes/dependency';
import { dockerfile } from './recipes/dockerfile';
import { register } from './recipes/register';
import { SUPPORTED_VERSIONS } from './supported-versions';

/** What this version of the plugin does to a host, in the order in which it is done. */
export function release(version: string): Release {
  return {
    version,
    recipes: [register, attach, cacheEngine, dependency(version), dockerfile],
    supportedVersions: SUPPORTED_VERSIONS,
  };
}
