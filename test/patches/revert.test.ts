import { expect, test } from '@jest/globals';
import { chmodSync, chownSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { apply, planApply } from '../../patches/engine/apply';
import { planRevert, revert } from '../../patches/engine/revert';
import {
  hostFile,
  makeHost,
  pack,
  read,
  refusal,
  RELEASE,
  toCrlf,
  tree,
  withoutLastNewline,
  write,
} from './synthetic-host';

function applyTo(host: string): void {
  apply(planApply(host, RELEASE), pack);
}

function revertIn(host: string): void {
  revert(planRevert(host, RELEASE));
}

test.each([
  ['a host with LF', (text: string) => text],
  ['a host with CRLF', toCrlf],
  ['a host whose files end without a newline', withoutLastNewline],
  ['a CRLF host whose files end without a newline', (text: string) => withoutLastNewline(toCrlf(text)).trimEnd()],
  ['a host with a byte order mark in each file', (text: string) => `\uFEFF${text}`],
  ['a host that mixes line endings', (text: string) => text.replace('\n', '\r\n')],
])('revert restores every byte of %s', (_what, form) => {
  const host = makeHost({}, form);
  const before = tree(host);
  applyTo(host);
  expect(tree(host)).not.toEqual(before);
  revertIn(host);
  expect(tree(host)).toEqual(before);
});

test('revert leaves no folder of its own', () => {
  const host = makeHost();
  applyTo(host);
  revertIn(host);
  expect(statSync(join(host, 'evolution-guard'), { throwIfNoEntry: false })).toBeUndefined();
});

test('what else lies in the folder of evolution-guard stays', () => {
  const host = makeHost({ 'evolution-guard/notes.txt': 'mine' });
  const before = tree(host);
  applyTo(host);
  revertIn(host);
  expect(tree(host)).toEqual(before);
});

test('a file keeps its permissions', () => {
  const host = makeHost();
  const mode = () => statSync(join(host, 'src/main.ts')).mode & 0o777;
  chmodSync(join(host, 'src/main.ts'), 0o640);
  applyTo(host);
  expect(mode()).toBe(0o640);
  revertIn(host);
  expect(mode()).toBe(0o640);
});

const asRoot = process.getuid?.() === 0 ? test : test.skip;
asRoot('a file keeps its owner when root patches the checkout of someone else', () => {
  const host = makeHost();
  const owner = () => statSync(join(host, 'src/main.ts')).uid;
  chownSync(join(host, 'src/main.ts'), 4711, 4711);
  applyTo(host);
  expect(owner()).toBe(4711);
  revertIn(host);
  expect(owner()).toBe(4711);
});

test('a file changed by hand stops the whole revert', () => {
  const host = makeHost();
  applyTo(host);
  write(host, 'src/cache/cacheengine.ts', read(host, 'src/cache/cacheengine.ts').replace('Store(module)', 'Store()'));
  const before = tree(host);
  expect(refusal(() => revertIn(host))).toMatchObject({
    code: 'GUARD_PATCH_HAND_CHANGED',
    detail: 'Changed: src/cache/cacheengine.ts.',
  });
  expect(tree(host)).toEqual(before);
});

test('a host that was never patched has nothing to revert', () => {
  const host = makeHost();
  const before = tree(host);
  const plan = planRevert(host, RELEASE);
  revert(plan);
  expect([plan.files, plan.removed]).toEqual([[], []]);
  expect(tree(host)).toEqual(before);
});

test('lines of ours without a record stop the revert', () => {
  const patched = makeHost();
  applyTo(patched);
  const host = makeHost({ 'src/main.ts': read(patched, 'src/main.ts') });
  expect(refusal(() => revertIn(host))).toMatchObject({ code: 'GUARD_PATCH_MANIFEST' });
});

test('files that are pristine already are left alone, and the stale record and tarball go', () => {
  const host = makeHost();
  const before = tree(host);
  applyTo(host);
  write(host, 'src/main.ts', hostFile('src/main.ts'));
  expect(planRevert(host, RELEASE).files.map((file) => file.path)).not.toContain('src/main.ts');
  revertIn(host);
  expect(tree(host)).toEqual(before);
});
