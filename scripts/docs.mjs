// npm run docs [-- --check]: writes the pages that come from tables in the source, or checks that they are current.
import { spawnSync } from 'node:child_process';
import { prepare, root } from './install.mjs';

prepare();
const docs = ['--import', 'tsx', 'scripts/docs/main.ts', ...process.argv.slice(2)];
process.exitCode = spawnSync(process.execPath, docs, { cwd: root, stdio: 'inherit' }).status ?? 1;
