import { spawn } from 'node:child_process';
import { prepare, root } from '../install.mjs';

/** Brings a fresh clone up to date, then runs a script in TypeScript with the arguments of this process. */
export function runScript(file) {
  prepare();
  const args = ['--import', 'tsx', file, ...process.argv.slice(2)];
  const child = spawn(process.execPath, args, { cwd: root, stdio: 'inherit' });
  // Whoever ends us means the script, which has servers to end first. Ctrl-C reaches it by itself.
  process.on('SIGINT', () => {});
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  child.once('exit', (code) => (process.exitCode = code ?? 1));
}
