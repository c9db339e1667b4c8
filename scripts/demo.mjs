// npm run demo: see npm run demo -- --help.
import { spawn } from 'node:child_process';
import { prepare, root } from './install.mjs';

prepare();
const demo = ['--import', 'tsx', 'scripts/demo/main.ts', ...process.argv.slice(2)];
const child = spawn(process.execPath, demo, { cwd: root, stdio: 'inherit' });
// Ctrl-C reaches the demo, too, and it is the demo that has to end things.
process.on('SIGINT', () => {});
child.once('exit', (code) => (process.exitCode = code ?? 1));
