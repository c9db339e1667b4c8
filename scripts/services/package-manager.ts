import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findProgram } from './find-program';

const run = promisify(execFile);

/** True for root, and for whoever may become root without a password, on a system with apt-get. */
export async function mayInstall(): Promise<boolean> {
  if (!findProgram('apt-get')) return false;
  if (isRoot()) return true;
  return run('sudo', ['-n', 'true']).then(
    () => true,
    () => false,
  );
}

/** A failure is told and left at that: the next way of coming by a server is tried. */
export async function installPackages(packages: readonly string[]): Promise<void> {
  console.error(`Installing ${packages.join(' ')} with apt-get ...`);
  const command = ['sh', join(__dirname, 'apt-install.sh'), ...packages];
  const [program = 'sh', ...args] = isRoot() ? command : ['sudo', '-n', ...command];
  try {
    await run(program, args, { maxBuffer: 64 * 1024 * 1024 });
  } catch (error) {
    console.error(`apt-get could not install ${packages.join(' ')}: ${(error as { stderr: string }).stderr.trim()}`);
  }
}

function isRoot(): boolean {
  return process.getuid?.() === 0;
}
