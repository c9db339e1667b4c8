/** Everything that the plugin adds to a host's folder stands in this one. */
export const GUARD_FOLDER = 'evolution-guard';

export const MANIFEST_PATH = `${GUARD_FOLDER}/applied.json`;

export function tarballPath(version: string): string {
  return `${GUARD_FOLDER}/evolution-guard-${version}.tgz`;
}
