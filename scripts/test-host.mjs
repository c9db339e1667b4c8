// npm run test:host -- <folder>: see npm run test:host -- --help.
import { spawn } from 'node:child_process';
import { prepare, root } from './install.mjs';

prepare();
const trial = ['--import', 'tsx', 'scripts/test-host/main.ts', ...process.argv.slice(2)];
const child = spawn(process.execPath, trial, { cwd: root, stdio: 'inherit' });
// Ctrl-C reaches the trial, too, and it is the trial that has to end things.
process.on('SIGINT', () => {});
child.once('exit', (code) => (process.exitCode = code ?? 1));
