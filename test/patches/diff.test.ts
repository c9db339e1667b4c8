import { expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { apply, planApply } from '../../patches/engine/apply';
import { unifiedDiff } from '../../patches/engine/unified-diff';
import { makeHost, pack, RELEASE, toCrlf, tree, withoutLastNewline } from './synthetic-host';

function diffOf(host: string): string {
  return unifiedDiff(planApply(host, RELEASE).files);
}

function gitApply(host: string, diff: string, ...options: string[]): void {
  execFileSync('git', ['-c', 'core.autocrlf=false', 'apply', ...options], { cwd: host, input: diff });
}

/** The host's own files, without the folder that apply adds. */
function sources(host: string): Record<string, string> {
  return Object.fromEntries(Object.entries(tree(host)).filter(([path]) => !path.startsWith('evolution-guard/')));
}

test.each([
  ['LF', (text: string) => text],
  ['CRLF', toCrlf],
  ['no newline at the end', withoutLastNewline],
])('git applies the diff of a host with %s to the same files', (_what, form) => {
  const host = makeHost({}, form);
  const diff = diffOf(host);
  gitApply(host, diff, '--check');
  gitApply(host, diff);

  const patched = makeHost({}, form);
  apply(planApply(patched, RELEASE), pack);
  expect(sources(host)).toEqual(sources(patched));
});

test('git can take the diff back from a patched host', () => {
  const host = makeHost();
  const before = sources(host);
  apply(planApply(host, RELEASE), pack);
  gitApply(host, diffOf(host), '--reverse');
  expect(sources(host)).toEqual(before);
});

test('the diff is the same before and after it was applied', () => {
  const host = makeHost();
  const before = diffOf(host);
  apply(planApply(host, RELEASE), pack);
  expect(diffOf(host)).toBe(before);
});

test('the diff only adds lines, and only to files of the host', () => {
  const diff = diffOf(makeHost());
  expect(diff.split('\n').filter((line) => /^-(?!-- a\/)/.test(line))).toEqual([]);
  expect(diff.match(/^\+\+\+ .*$/gm)).toEqual([
    '+++ b/src/main.ts',
    '+++ b/src/cache/cacheengine.ts',
    '+++ b/package.json',
    '+++ b/Dockerfile',
  ]);
});

test('a file that stays as it is does not occur in the diff', () => {
  expect(diffOf(makeHost({ Dockerfile: undefined }))).not.toContain('Dockerfile');
});
