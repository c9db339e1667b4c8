import { expect, test } from '@jest/globals';
import { apply, planApply } from '../../patches/engine/apply';
import { planRevert, revert } from '../../patches/engine/revert';
import { type Disk, nodeDisk } from '../../patches/engine/transaction';
import { release } from '../../patches/series';
import { makeHost, pack, refusal, RELEASE, tree } from './synthetic-host';

/** The real disk, but the operation of that kind with that number fails; from then on it works again or does not. */
function failingDisk(kind: keyof Disk, number: number, afterwards: 'works' | 'is broken' = 'works'): Disk {
  let count = 0;
  let broken = false;
  const pass = (operation: keyof Disk) => {
    if (!broken && (operation !== kind || ++count !== number)) return;
    broken = afterwards === 'is broken';
    throw new Error('no space left on device');
  };
  return {
    write: (path, bytes, like) => {
      pass('write');
      nodeDisk.write(path, bytes, like);
    },
    rename: (from, to) => {
      pass('rename');
      nodeDisk.rename(from, to);
    },
    remove: (path) => {
      pass('remove');
      nodeDisk.remove(path);
    },
  };
}

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

test.each([...numbers(6).map((n) => ['write', n] as const), ...numbers(6).map((n) => ['rename', n] as const)])(
  'apply leaves every file as it was when %s number %i fails',
  (kind, number) => {
    const host = makeHost();
    const before = tree(host);
    const error = refusal(() => apply(planApply(host, RELEASE), pack, failingDisk(kind, number)));
    expect(error).toMatchObject({
      code: 'GUARD_PATCH_WRITE',
      detail: 'no space left on device. Every file is as it was before.',
    });
    expect(tree(host)).toEqual(before);
  },
);

test.each([
  ...numbers(4).map((n) => ['write', n] as const),
  ...numbers(4).map((n) => ['rename', n] as const),
  ...numbers(2).map((n) => ['remove', n] as const),
])('revert leaves every file as it was when %s number %i fails', (kind, number) => {
  const host = makeHost();
  apply(planApply(host, RELEASE), pack);
  const before = tree(host);
  const error = refusal(() => revert(planRevert(host, RELEASE), failingDisk(kind, number)));
  expect(error).toMatchObject({ code: 'GUARD_PATCH_WRITE' });
  expect(tree(host)).toEqual(before);
});

test.each([
  ['write', 1],
  ['rename', 3],
  ['remove', 1],
] as const)(
  'the older release stays in place when %s number %i fails while a newer one replaces it',
  (kind, number) => {
    const host = makeHost();
    apply(planApply(host, RELEASE), pack);
    const before = tree(host);
    const disk = failingDisk(kind, number);
    refusal(() => apply(planApply(host, release('0.2.0')), pack, disk));
    expect(tree(host)).toEqual(before);
  },
);

test('files that could not be put back are named', () => {
  const host = makeHost();
  const disk = failingDisk('rename', 4, 'is broken');
  const error = refusal(() => apply(planApply(host, RELEASE), pack, disk));
  expect(error['detail']).toMatch(/could not be put back: .*main\.ts, .*applied\.json, .*0\.1\.0\.tgz\.$/);
});

test.each(numbers(6))('an apply that died at rename number %i is finished by the next one', (number) => {
  const host = makeHost();
  refusal(() => apply(planApply(host, RELEASE), pack, failingDisk('rename', number, 'is broken')));
  apply(planApply(host, RELEASE), pack);

  const untroubled = makeHost();
  apply(planApply(untroubled, RELEASE), pack);
  expect(tree(host)).toEqual(tree(untroubled));
});

test.each(numbers(2))('a revert that died at removal number %i is finished by the next one', (number) => {
  const host = makeHost();
  const before = tree(host);
  apply(planApply(host, RELEASE), pack);
  refusal(() => revert(planRevert(host, RELEASE), failingDisk('remove', number, 'is broken')));
  revert(planRevert(host, RELEASE));
  expect(tree(host)).toEqual(before);
});
