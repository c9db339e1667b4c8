// npm run demo. Plain JavaScript without dependencies: it works on a fresh clone and installs what is lacking.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');

function run(command, args, environment = {}) {
  const { status } = spawnSync(command, args, {
    cwd: root,
    stdio: ['inherit', 2, 'inherit'],
    env: { ...process.env, ...environment },
  });
  if (status !== 0) process.exit(1);
}

if (!existsSync(join(root, 'node_modules', 'tsx'))) run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund']);
if (!existsSync(join(root, 'src/stores/postgres/generated'))) {
  // Generating needs no engine; the setting keeps it from downloading one.
  const environment = { PRISMA_SCHEMA_ENGINE_BINARY: '/bin/false' };
  run('npx', ['--no-install', 'prisma', 'generate', '--schema', 'src/stores/postgres/schema.prisma'], environment);
}
const demo = ['--import', 'tsx', 'scripts/demo/main.ts', ...process.argv.slice(2)];
process.exitCode = spawnSync(process.execPath, demo, { cwd: root, stdio: 'inherit' }).status ?? 1;
