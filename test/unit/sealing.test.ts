import { describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { isEncrypted, seal, unseal } from '../../src/core/sealing';

const PURPOSE = 'test 1';
const CONTENT = Buffer.from('{"creds":"Zoë 😀"}'.repeat(20));
const key = randomBytes(32);
const foreign = { code: 'GUARD_SEAL_FOREIGN' };

describe.each([
  ['encrypted', key],
  ['plain', undefined],
])('sealed data, %s,', (kind, given) => {
  it('comes back as it was, and says of itself what it is', async () => {
    for (const content of [CONTENT, Buffer.alloc(0), randomBytes(100_000)]) {
      const sealed = await seal(given, PURPOSE, content);
      expect(await unseal(given, PURPOSE, sealed)).toEqual(content);
      expect(isEncrypted(sealed)).toBe(kind === 'encrypted');
    }
  });

  it('opens for no other purpose', async () => {
    const sealed = await seal(given, PURPOSE, CONTENT);
    for (const other of ['test 2', '', `${PURPOSE}0`]) {
      await expect(unseal(given, other, sealed)).rejects.toMatchObject(foreign);
    }
  });

  it('is refused with any byte of it changed', async () => {
    const sealed = await seal(given, PURPOSE, CONTENT);
    for (let at = 0; at < sealed.length; at += 1) {
      const changed = Buffer.from(sealed);
      changed[at] = (changed[at] ?? 0) ^ 1;
      // A plain one that says of itself that it is encrypted asks for a key.
      const code = expect.stringMatching(/^GUARD_SEAL_(FOREIGN|KEY)$/) as unknown;
      await expect(unseal(given, PURPOSE, changed)).rejects.toMatchObject({ code });
    }
  });

  it('is refused cut off anywhere, and with something behind it', async () => {
    const sealed = await seal(given, PURPOSE, CONTENT);
    for (let end = 0; end < sealed.length; end += 1) {
      await expect(unseal(given, PURPOSE, sealed.subarray(0, end))).rejects.toMatchObject(foreign);
    }
    await expect(unseal(given, PURPOSE, Buffer.concat([sealed, Buffer.from('x')]))).rejects.toMatchObject(foreign);
  });
});

describe('encrypted data', () => {
  it('opens with its own key alone', async () => {
    const sealed = await seal(key, PURPOSE, CONTENT);
    await expect(unseal(randomBytes(32), PURPOSE, sealed)).rejects.toMatchObject(foreign);
    await expect(unseal(undefined, PURPOSE, sealed)).rejects.toMatchObject({ code: 'GUARD_SEAL_KEY' });
  });

  it('is never the same twice, and shows nothing of what is in it', async () => {
    const [one, other] = [await seal(key, PURPOSE, CONTENT), await seal(key, PURPOSE, CONTENT)];
    expect(one).not.toEqual(other);
    expect(one.includes('creds')).toBe(false);
  });
});

describe('plain data', () => {
  it('opens whether there is a key or not, as it may be from before there was one', async () => {
    const sealed = await seal(undefined, PURPOSE, CONTENT);
    expect(await unseal(key, PURPOSE, sealed)).toEqual(CONTENT);
  });
});
