import { expect, test } from '@jest/globals';
import { apply, planApply } from '../../patches/engine/apply';
import { status } from '../../patches/engine/status';
import { hostFile, makeHost, pack, read, refusal, RELEASE, TARBALL, write } from './synthetic-host';
import { rmSync } from 'node:fs';
import { join } from 'node:path';

function statesIn(host: string): Record<string, string> {
  return Object.fromEntries(status(host, RELEASE).recipes.map(({ id, state }) => [id, state]));
}

test('a pristine host has nothing applied, shows what would conflict, and what it needs no patch for', () => {
  const host = makeHost({ 'src/cache/cacheengine.ts': 'export {};\n', Dockerfile: undefined });
  expect(statesIn(host)).toEqual({
    register: 'not applied',
    attach: 'not applied',
    'cache-engine': 'conflict',
    dependency: 'not applied',
    dockerfile: 'not needed',
  });
});

test('a missing source file is a conflict', () => {
  expect(statesIn(makeHost({ 'src/cache/cacheengine.ts': undefined }))).toMatchObject({ 'cache-engine': 'conflict' });
});

test('a patched host tells what is applied and what was changed by hand', () => {
  const host = makeHost();
  apply(planApply(host, RELEASE), pack);
  write(host, 'Dockerfile', `${read(host, 'Dockerfile')}CMD node\n`);
  expect(statesIn(host)).toEqual({
    register: 'applied',
    attach: 'applied',
    'cache-engine': 'applied',
    dependency: 'applied',
    dockerfile: 'changed by hand',
  });
});

test('lines of ours without a record are told from applied ones', () => {
  const patched = makeHost();
  apply(planApply(patched, RELEASE), pack);
  const host = makeHost({ Dockerfile: read(patched, 'Dockerfile') });
  expect(statesIn(host)).toMatchObject({ attach: 'not applied', dockerfile: 'unrecorded' });
});

test('the applied release, its tarball and whether the host is supported are told', () => {
  const host = makeHost();
  expect(status(host, RELEASE)).toMatchObject({ supported: true, tarballPresent: false });
  expect(status(host, RELEASE).appliedVersion).toBeUndefined();
  apply(planApply(host, RELEASE), pack);
  expect(status(host, RELEASE)).toMatchObject({ appliedVersion: '0.1.0', tarballPresent: true });
  rmSync(join(host, TARBALL));
  expect(status(host, RELEASE)).toMatchObject({ appliedVersion: '0.1.0', tarballPresent: false });
  const foreign = makeHost({ 'package.json': hostFile('package.json').replace('2.3.7', '3.0.0') });
  expect(status(foreign, RELEASE)).toMatchObject({ supported: false, host: { version: '3.0.0' } });
});

test('a folder that is no EvolutionAPI is refused', () => {
  const host = makeHost({ 'package.json': '{}' });
  expect(refusal(() => status(host, RELEASE))).toMatchObject({ code: 'GUARD_HOST_NOT_FOUND' });
});
