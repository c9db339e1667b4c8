// What a fresh clone lacks: packages and generated code. Plain JavaScript without dependencies, as nothing is there yet.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

export const root = join(import.meta.dirname, '..');

/** Brings packages and generated code up to date; ends the process if it cannot. */
export function prepare() {
  if (!packagesAreCurrent()) run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund']);
  for (const store of readdirSync(join(root, 'src/stores'))) {
    const folder = join(root, 'src/stores', store);
    if (existsSync(join(folder, 'schema.prisma')) && !clientIsCurrent(folder)) generateClient(folder);
  }
}

/** Compares versions, not times: a checkout of the same lock file must not cost an install. */
function packagesAreCurrent() {
  const installedLock = join(root, 'node_modules/.package-lock.json');
  if (!existsSync(installedLock)) return false;
  const { packages: wanted } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  const { packages: installed } = JSON.parse(readFileSync(installedLock, 'utf8'));
  return Object.entries(wanted).every(([path, { version, optional }]) => {
    return path === '' || optional || installed[path]?.version === version;
  });
}

function clientIsCurrent(folder) {
  const client = join(folder, 'generated/client.ts');
  return existsSync(client) && statSync(client).mtimeMs >= statSync(join(folder, 'schema.prisma')).mtimeMs;
}

function generateClient(folder) {
  // Generating needs no engine, yet prisma downloads one unless it is told of another. With false for an engine,
  // whatever should need it after all fails at once.
  const environment = { PRISMA_SCHEMA_ENGINE_BINARY: '/bin/false' };
  run(join(root, 'node_modules/.bin/prisma'), ['generate', '--schema', join(folder, 'schema.prisma')], environment);
}

function run(command, args, environment = {}) {
  // To standard error: what is being prepared may have a result to print.
  const options = { cwd: root, stdio: ['inherit', 2, 2], env: { ...process.env, ...environment } };
  const { status } = spawnSync(command, args, options);
  if (status !== 0) process.exit(1);
}
