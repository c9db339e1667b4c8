import { expect, test } from '@jest/globals';
import { apply, planApply } from '../../patches/engine/apply';
import type { Release } from '../../patches/engine/recipe';
import { planRevert, revert } from '../../patches/engine/revert';
import { status } from '../../patches/engine/status';
import { release } from '../../patches/series';
import { hostFile, makeHost, MANIFEST, pack, read, refusal, RELEASE, TARBALL, tree, write } from './synthetic-host';

const NEWER = release('0.2.0');

function applyTo(host: string, wanted: Release = RELEASE): void {
  apply(planApply(host, wanted), pack);
}

function freshlyPatched(wanted: Release): Record<string, string> {
  const host = makeHost();
  applyTo(host, wanted);
  return tree(host);
}

test('files that a new tag made pristine are patched again although the record is stale', () => {
  const host = makeHost();
  applyTo(host);
  const main = hostFile('src/main.ts').replace('app.listen();', 'await app.listen();');
  const manifest = hostFile('package.json').replace('2.3.7', '2.3.6');
  const pristine = { 'src/main.ts': main, 'package.json': manifest };
  for (const [path, text] of Object.entries(pristine)) write(host, path, text);
  applyTo(host);

  const untroubled = makeHost(pristine);
  applyTo(untroubled);
  expect(tree(host)).toEqual(tree(untroubled));
  revert(planRevert(host, RELEASE));
  expect(tree(host)).toEqual(tree(makeHost(pristine)));
});

test('a newer release replaces an older one as if the older had never been there', () => {
  const host = makeHost();
  applyTo(host);
  applyTo(host, NEWER);
  expect(tree(host)).toEqual(freshlyPatched(NEWER));
  expect(Object.keys(tree(host))).not.toContain(TARBALL);
});

test('a newer release can take a recipe back', () => {
  const fewer: Release = { ...NEWER, recipes: NEWER.recipes.filter((recipe) => recipe.id !== 'cache-engine') };
  const host = makeHost();
  applyTo(host);
  applyTo(host, fewer);
  expect(tree(host)).toEqual(freshlyPatched(fewer));
  expect(read(host, 'src/cache/cacheengine.ts')).toBe(hostFile('src/cache/cacheengine.ts'));
});

test('lines of a recipe that was taken back are still known as ours when the file was changed by hand', () => {
  const fewer: Release = { ...NEWER, recipes: NEWER.recipes.filter((recipe) => recipe.id !== 'cache-engine') };
  const host = makeHost();
  applyTo(host);
  write(host, 'src/cache/cacheengine.ts', `${read(host, 'src/cache/cacheengine.ts')}// mine\n`);
  expect(refusal(() => applyTo(host, fewer))).toMatchObject({ code: 'GUARD_PATCH_HAND_CHANGED' });
});

test('a record that tells of another host version is written anew', () => {
  const host = makeHost();
  applyTo(host);
  const patched = tree(host);
  write(host, MANIFEST, read(host, MANIFEST).replace('"2.3.7"', '"2.3.6"'));
  applyTo(host);
  expect(tree(host)).toEqual(patched);
});

test('a newer release can bring a recipe along', () => {
  const fewer: Release = { ...RELEASE, recipes: RELEASE.recipes.filter((recipe) => recipe.id !== 'register') };
  const host = makeHost();
  applyTo(host, fewer);
  expect(status(host, NEWER).recipes.map(({ state }) => state)).toEqual([
    'not applied',
    'applied',
    'applied',
    'applied',
    'applied',
  ]);
  applyTo(host, NEWER);
  expect(tree(host)).toEqual(freshlyPatched(NEWER));
});

test('a newer release that does not fit leaves the older one in place', () => {
  const [register, ...others] = NEWER.recipes;
  if (!register) throw new Error('the series is empty');
  const edits = register.edits.map((edit) => ({ ...edit, anchor: { ...edit.anchor, find: () => [] } }));
  const host = makeHost();
  applyTo(host);
  const before = tree(host);
  const misfit: Release = { ...NEWER, recipes: [{ ...register, edits }, ...others] };
  expect(refusal(() => applyTo(host, misfit))).toMatchObject({ code: 'GUARD_PATCH_CONFLICT' });
  expect(tree(host)).toEqual(before);
});
