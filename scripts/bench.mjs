// npm run bench: see npm run bench -- events --help; sends and cache likewise. What is measured is compiled, as it is in a host.
import { spawnSync } from 'node:child_process';
import { cpSync, rmSync } from 'node:fs';
import { extname, join } from 'node:path';
import { runScript } from './host/run-script.mjs';
import { prepare, root } from './install.mjs';

const COMPILED = join(root, 'dist-bench');

prepare();
rmSync(COMPILED, { recursive: true, force: true });
const compiler = join(root, 'node_modules/.bin/tsc');
const { status } = spawnSync(compiler, ['-p', 'scripts/tsconfig.bench.json'], { cwd: root, stdio: ['ignore', 2, 2] });
if (status !== 0) process.exit(1);
for (const folder of ['src', 'scripts']) {
  const filter = (path) => extname(path) !== '.ts';
  cpSync(join(root, folder), join(COMPILED, folder), { recursive: true, filter });
}
const folder = ['sends', 'cache'].includes(process.argv[2]) ? `${process.argv[2]}/` : '';
runScript(`dist-bench/scripts/bench/${folder}main.js`);
