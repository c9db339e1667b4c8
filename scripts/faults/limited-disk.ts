import { execFile } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface LimitedDisk {
  /** A command that runs the command behind it, for which that folder takes so many bytes and no more. */
  wrapper: readonly string[];
  how: string;
}

/**
 * A small file system of its own, in a mount namespace that ends with the process. Where nobody lets us have one, a limit
 * to the size of files, at which writes fail half-way just the same.
 */
export async function limitDisk(folder: string, bytes: number): Promise<LimitedDisk> {
  mkdirSync(folder, { recursive: true });
  const mount = ['sh', '-c', `mount -t tmpfs -o size=${bytes} tmpfs "$0" && exec "$@"`, folder];
  const asRoot = ['unshare', '--mount', ...mount];
  const asUser = ['unshare', '--user', '--map-root-user', '--mount', ...mount];
  for (const wrapper of [asRoot, asUser]) {
    const [command = '', ...args] = [...wrapper, 'true'];
    const works = await run(command, args).then(
      () => true,
      () => false,
    );
    if (works) return { wrapper, how: `a file system of ${Math.round(bytes / 1024)} KiB` };
  }
  const blocks = Math.ceil(bytes / 512);
  return { wrapper: ['sh', '-c', 'ulimit -f "$0" && exec "$@"', `${blocks}`], how: `files of at most ${bytes} bytes` };
}
