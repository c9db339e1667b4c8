// npm run build: dist holds what is published, compiled, with the files that it reads at run time beside it.
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, rmSync } from 'node:fs';
import { extname, join } from 'node:path';
import { prepare, root } from './install.mjs';

const NOT_READ_AT_RUN_TIME = ['.ts', '.prisma', '.md'];

prepare();
rmSync(join(root, 'dist'), { recursive: true, force: true });

const compiler = join(root, 'node_modules/.bin/tsc');
const { status } = spawnSync(compiler, ['-p', 'scripts/tsconfig.build.json'], { cwd: root, stdio: 'inherit' });
if (status !== 0) process.exit(1);

cpSync(join(root, 'src'), join(root, 'dist/src'), {
  recursive: true,
  filter: (path) => !NOT_READ_AT_RUN_TIME.includes(extname(path)),
});
chmodSync(join(root, 'dist/src/cli/main.js'), 0o755);
