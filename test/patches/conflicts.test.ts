import { expect, test } from '@jest/globals';
import { planApply } from '../../patches/engine/apply';
import type { Conflict, PatchConflictError } from '../../patches/engine/conflicts';
import { hostFile, type HostFiles, makeHost, refusal, RELEASE, tree } from './synthetic-host';

function conflictsOf(changes: HostFiles): readonly Conflict[] {
  const host = makeHost(changes);
  const before = tree(host);
  const error = refusal(() => planApply(host, RELEASE));
  expect(error['code']).toBe('GUARD_PATCH_CONFLICT');
  expect(tree(host)).toEqual(before);
  return (error as unknown as PatchConflictError).conflicts;
}

function main(from: string, to: string): HostFiles {
  expect(hostFile('src/main.ts')).toContain(from);
  return { 'src/main.ts': hostFile('src/main.ts').replace(from, to) };
}

test('all conflicts of all files are listed in one run', () => {
  const conflicts = conflictsOf({
    'src/main.ts': "import { monitor } from '@api/server.module';\n",
    'src/cache/cacheengine.ts': undefined,
    'package.json': '{ "name": "evolution-api", "version": "2.3.7" }',
    Dockerfile: 'FROM node\n',
  });
  expect(conflicts.map(({ recipe, file, expected, found }) => [recipe, file, expected, found])).toEqual([
    ['register', 'src/main.ts', 1, 0],
    ['attach', 'src/main.ts', 1, 0],
    ['cache-engine', 'src/cache/cacheengine.ts', 1, 0],
    ['cache-engine', 'src/cache/cacheengine.ts', 1, 0],
    ['dependency', 'package.json', 1, 0],
    ['dockerfile', 'Dockerfile', 1, 0],
  ]);
});

test('a conflict says what is sought, what was found, and what is lost without the patch', () => {
  const host = makeHost(main("app.use('/', router);", "app.use('/v2', router);"));
  const attach = RELEASE.recipes.find((recipe) => recipe.id === 'attach');
  expect(refusal(() => planApply(host, RELEASE))['detail']).toBe(
    [
      "- attach: src/main.ts should have the statement app.use('/', router) in the async function bootstrap, on a line of its own: expected 1, found 0",
      '  nearest:',
      "    line 10: app.use('/files', router);",
      "    line 11: app.use('/v2', router);",
      '    line 12: app.listen();',
      `  without it: ${attach?.promise}`,
    ].join('\n'),
  );
});

test('no more than three candidates are shown, the likest first', () => {
  const routes = ['a', 'b', 'c', 'd', 'e'].map((name) => `app.use('/${name}/${name}${name}', router);`);
  const [conflict] = conflictsOf(main("app.use('/', router);", [...routes, "app.use('/x', router);"].join('\n  ')));
  expect(conflict?.candidates.map(({ text }) => text)).toEqual([
    "app.use('/files', router);",
    "app.use('/x', router);",
    "app.use('/a/aa', router);",
  ]);
});

test('an anchor that is there twice is a conflict that shows both', () => {
  const [conflict, ...others] = conflictsOf(
    main("app.use('/', router);", "app.use('/', router);\n  app.use('/', router);"),
  );
  expect(others).toEqual([]);
  expect(conflict?.found).toBe(2);
  expect(conflict?.candidates.map(({ line }) => line)).toEqual([11, 12]);
});

test('a file that is missing is told from an anchor that is missing', () => {
  const conflicts = conflictsOf({ 'src/cache/cacheengine.ts': undefined });
  expect(conflicts.map(({ fileExists }) => fileExists)).toEqual([false, false]);
});

test.each([
  ['other code follows', "import '@utils/instrumentSentry'; start();"],
  ['a comment begins that ends further down', "import '@utils/instrumentSentry'; /* from\nhere */"],
])('an import on whose line %s is no anchor', (_what, line) => {
  const conflicts = conflictsOf(main("import '@utils/instrumentSentry';", line));
  expect(conflicts.map(({ recipe, found }) => [recipe, found])).toEqual([['register', 0]]);
});

test.each([
  ['another function', main('bootstrap() {', 'start() {')],
  ['a function that cannot await', main('async function bootstrap', 'function bootstrap')],
  ['a nested block', main("app.use('/', router);", "if (app) {\n    app.use('/', router);\n  }")],
  ['a comment', main("app.use('/', router);", "// app.use('/', router);")],
  ['a line that other code shares', main("app.use('/', router);", "log(); app.use('/', router);")],
  ['another router', main("app.use('/', router);", "app.use('/', limiter, router);")],
])('the router in %s is no anchor', (_where, changes) => {
  const conflicts = conflictsOf(changes);
  expect(conflicts.map(({ recipe, found: count }) => [recipe, count])).toEqual([['attach', 0]]);
});
