import { readFileSync } from 'node:fs';
import type { User } from './keeper';

/** Database servers refuse to run as root. @returns undefined for whoever is not root. */
export function unprivilegedUser(...wanted: readonly string[]): User | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const users = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  for (const name of wanted) {
    const [, , uid, gid] = users.find(([known]) => known === name) ?? [];
    if (uid && gid) return { uid: Number(uid), gid: Number(gid) };
  }
  throw new Error(`A database server does not run as root, and there is no user ${wanted.join(' or ')}.`);
}
