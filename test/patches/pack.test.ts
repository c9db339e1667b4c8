import { expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { findPluginPackage, npmPacker } from '../../patches/engine/plugin-package';
import { makeFolder, refusal, tree, write } from './synthetic-host';

const PACKAGE = { name: 'evolution-guard', version: '0.1.0', main: './dist/src/index.js', files: ['dist/src'] };

function makePlugin(): string {
  const root = makeFolder();
  write(root, 'package.json', JSON.stringify({ ...PACKAGE, scripts: { prepack: 'exit 1' } }));
  return root;
}

test('the tarball holds what the package publishes, and no script is run for it', () => {
  const root = makePlugin();
  write(root, 'dist/src/index.js', 'module.exports = 1;');
  write(root, 'secret.txt', 'not published');
  const before = tree(root);
  const tarball = npmPacker(findPluginPackage(root))();

  const unpacked = makeFolder();
  execFileSync('tar', ['xz'], { cwd: unpacked, input: tarball });
  expect(Object.keys(tree(unpacked))).toEqual(['package/dist/src/index.js', 'package/package.json']);
  expect(tree(root)).toEqual(before);
});

test('the same plugin packs to the same bytes', () => {
  const root = makePlugin();
  write(root, 'dist/src/index.js', 'module.exports = 1;');
  const pack = npmPacker(findPluginPackage(root));
  expect(pack().equals(pack())).toBe(true);
});

test('packing leaves nothing in the folder for temporary files', () => {
  const root = makePlugin();
  write(root, 'dist/src/index.js', '');
  const temporary = makeFolder();
  // A process of its own: os.tmpdir() does not see what a test puts into its own process.env.
  const program = `
    const { findPluginPackage, npmPacker } = require('./patches/engine/plugin-package');
    npmPacker(findPluginPackage(process.argv[1]))();`;
  execFileSync(process.execPath, ['--require', 'tsx/cjs', '--eval', program, root], {
    cwd: join(__dirname, '../..'),
    env: { ...process.env, TMPDIR: temporary },
  });
  expect(readdirSync(temporary).filter((name) => name.startsWith('evolution-guard'))).toEqual([]);
});

test('an unbuilt plugin is not packed', () => {
  const root = makePlugin();
  expect(refusal(npmPacker(findPluginPackage(root)))).toMatchObject({
    code: 'GUARD_PATCH_UNBUILT',
    detail: `${join(root, 'dist/src/index.js')} is missing.`,
  });
});

test('what npm says when it cannot pack is passed on', () => {
  const root = makePlugin();
  write(root, 'dist/src/index.js', '');
  const plugin = findPluginPackage(root);
  write(root, 'package.json', '{');
  expect(refusal(npmPacker(plugin))).toMatchObject({
    code: 'GUARD_PATCH_UNBUILT',
    detail: expect.stringContaining('package.json') as unknown,
  });
});

test('the package is found from the folder of compiled code, past package files of others', () => {
  const root = makePlugin();
  write(root, 'dist/package.json', JSON.stringify({ ...PACKAGE, name: 'other' }));
  mkdirSync(join(root, 'dist/src/cli'), { recursive: true });
  expect(findPluginPackage(join(root, 'dist/src/cli'))).toEqual({ root, version: '0.1.0', main: PACKAGE.main });
});
