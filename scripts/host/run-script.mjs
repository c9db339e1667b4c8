import { spawn } from 'node:child_process';
import { prepare, root } from '../install.mjs';

/** Brings a fresh clone up to date, then runs a script in TypeScript with the arguments of this process. */
export function runScript(file) {
  prepare();
  const args = ['--import', 'tsx', file, ...process.argv.slice(2)];
  const child = spawn(process.execPath, args, { cwd: root, stdio: 'inherit' });
  // Ctrl-C reaches the script, too, and it is the script that has to end things.
  process.on('SIGINT', () => {});
  child.once('exit', (code) => (process.exitCode = code ?? 1));
}
