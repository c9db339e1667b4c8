import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { Command } from 'commander';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { findPluginPackage, type PluginPackage } from '../../patches/engine/plugin-package';
import { addPatchCommands } from '../../src/cli/patch';
import { hostFile, makeFolder, makeHost, read, tree, write } from './synthetic-host';

const ROOT = join(__dirname, '../..');

/** Runs the whole program as an operator does. */
function evolutionGuard(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--require', 'tsx/cjs', join(ROOT, 'src/cli/main.ts'), ...args],
    { cwd: ROOT, encoding: 'utf8' },
  );
  return { status, stdout, stderr };
}

function lastLine(stdout: string): Record<string, unknown> {
  return JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as Record<string, unknown>;
}

describe('exit codes', () => {
  test('0 when a check fits, and nothing is written', () => {
    const host = makeHost();
    const before = tree(host);
    const { status, stdout } = evolutionGuard('patch', 'check', host);
    expect([status, stdout]).toEqual([0, expect.stringContaining('fits EvolutionAPI 2.3.7')]);
    expect(tree(host)).toEqual(before);
  });

  test('1 when patches are refused, with code, every conflict and remedy', () => {
    const host = makeHost({ 'src/main.ts': 'export {};\n', Dockerfile: 'FROM node\n' });
    const { status, stderr } = evolutionGuard('patch', 'check', host);
    expect(status).toBe(1);
    expect(stderr).toMatch(/^GUARD_PATCH_CONFLICT: .*\n- register: .*[^]*\n- dockerfile: [^]*\nRemedy: /);
  });

  test('2 when the usage is wrong', () => {
    expect(evolutionGuard('patch', 'aply', '.').status).toBe(2);
    expect(evolutionGuard('patch', 'apply').status).toBe(2);
    expect(evolutionGuard().status).toBe(2);
  });

  test('3 when something unexpected happens', () => {
    const host = makeHost({ 'src/main.ts': undefined, 'src/main.ts/folder.txt': '' });
    const { status, stdout } = evolutionGuard('patch', 'check', host, '--json');
    expect(status).toBe(3);
    expect(lastLine(stdout)).toMatchObject({
      ok: false,
      error: { detail: expect.stringContaining('EISDIR') as unknown },
    });
  });

  test('0 for help, which lists them and gives examples', () => {
    const { status, stdout } = evolutionGuard('patch', '--help');
    expect(status).toBe(0);
    expect(stdout).toContain('Examples:');
    expect(stdout).toMatch(/Exit codes:[^]* 0 {2}[^]* 1 {2}[^]* 2 {2}[^]* 3 {2}/);
  });
});

test('with --json a refusal is one object with code, remedy and conflicts', () => {
  const host = makeHost({ 'src/main.ts': 'export {};\n' });
  const { stdout, status } = evolutionGuard('patch', 'apply', host, '--json');
  expect(status).toBe(1);
  const { ok, error } = lastLine(stdout) as { ok: boolean; error: { code: string; conflicts: { recipe: string }[] } };
  expect([ok, error.code]).toEqual([false, 'GUARD_PATCH_CONFLICT']);
  expect(error.conflicts.map(({ recipe }) => recipe)).toEqual(['register', 'attach', 'attach']);
});

describe('with a built plugin', () => {
  let printed = '';
  let plugin: PluginPackage;

  beforeEach(() => {
    jest.spyOn(process.stdout, 'write').mockImplementation((text) => {
      printed += String(text);
      return true;
    });
    const root = makeFolder();
    const main = 'dist/src/index.js';
    write(root, 'package.json', JSON.stringify({ name: 'evolution-guard', version: '0.1.0', main, files: ['dist'] }));
    write(root, main, 'module.exports = 1;');
    plugin = findPluginPackage(root);
  });

  afterEach(() => {
    jest.restoreAllMocks();
  });

  async function patch(...args: string[]): Promise<string> {
    const program = new Command('evolution-guard').exitOverride();
    addPatchCommands(program, plugin);
    printed = '';
    await program.parseAsync(['patch', ...args], { from: 'user' });
    return printed;
  }

  test('apply, apply again, revert: each says what it did and what comes next', async () => {
    const host = makeHost();
    const before = tree(host);
    const first = await patch('apply', host);
    expect(first).toContain('was applied to EvolutionAPI 2.3.7');
    for (const step of ['npm install', 'npm run build', 'GUARD_ENABLED=true']) expect(first).toContain(step);
    expect(await patch('apply', host)).toContain('already applied');
    expect(await patch('revert', host)).toContain('Restored:\n  src/main.ts\n');
    expect(tree(host)).toEqual(before);
    expect(await patch('revert', host)).toContain('nothing to do');
  });

  test('the same in JSON', async () => {
    const host = makeHost();
    const written = [
      'src/main.ts',
      'src/cache/cacheengine.ts',
      'package.json',
      'Dockerfile',
      'evolution-guard/applied.json',
      'evolution-guard/evolution-guard-0.1.0.tgz',
    ];
    const outcome = async (...args: string[]) => lastLine(await patch(...args, host, '--json'));
    expect(await outcome('check')).toMatchObject({ ok: true, outcome: 'fits', written });
    expect(await outcome('apply')).toMatchObject({ ok: true, outcome: 'applied', written, hostVersion: '2.3.7' });
    expect(await outcome('apply')).toMatchObject({ ok: true, outcome: 'already applied', written: [] });
    expect(await outcome('status')).toMatchObject({ ok: true, appliedVersion: '0.1.0', tarballPresent: true });
    expect(await outcome('diff')).toMatchObject({ ok: true, diff: expect.stringMatching(/^--- a\/src\/main\.ts\n/) });
    expect(await outcome('revert')).toMatchObject({ ok: true, outcome: 'reverted', restored: written.slice(0, 4) });
  });

  test('--dry-run says what would be done and does nothing', async () => {
    const host = makeHost();
    const before = tree(host);
    expect(await patch('apply', host, '--dry-run')).toContain('It would write:\n  src/main.ts');
    expect(tree(host)).toEqual(before);

    await patch('apply', host);
    const patched = tree(host);
    expect(await patch('revert', host, '--dry-run')).toContain('It would restore:\n  src/main.ts');
    expect(tree(host)).toEqual(patched);
  });

  test('another version is patched with --force only', async () => {
    const host = makeHost({ 'package.json': hostFile('package.json').replace('2.3.7', '2.9.0') });
    await expect(patch('apply', host)).rejects.toMatchObject({ code: 'GUARD_HOST_VERSION' });
    await patch('apply', host, '--force');
    expect(read(host, 'src/main.ts')).toContain('attachGuard');
  });

  test('status shows each recipe on a line of its own', async () => {
    const host = makeHost();
    await patch('apply', host);
    write(host, 'Dockerfile', `${read(host, 'Dockerfile')}CMD node\n`);
    const shown = await patch('status', host);
    expect(shown).toMatch(/register +applied +src\/main\.ts\n/);
    expect(shown).toMatch(/dockerfile +changed by hand +Dockerfile\n/);
  });
});
