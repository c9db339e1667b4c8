import { expect, test } from '@jest/globals';
import { RELEASE } from './synthetic-host';

test('no two recipes share an id', () => {
  const ids = RELEASE.recipes.map((recipe) => recipe.id);
  expect(new Set(ids).size).toBe(ids.length);
});

test.each(RELEASE.recipes.map((recipe) => [recipe.id, recipe] as const))(
  '%s tells why it is there, when it can go and what it carries',
  (_id, recipe) => {
    for (const text of [recipe.why, recipe.removeWhen, recipe.promise]) expect(text.length).toBeGreaterThan(20);
  },
);

test.each(RELEASE.recipes.map((recipe) => [recipe.id, recipe] as const))(
  'the lines of %s are known again by its seam',
  (_id, recipe) => {
    expect(recipe.edits.flatMap((edit) => edit.lines).join('\n')).toMatch(recipe.seam);
  },
);
