import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { GuardError } from './errors';

const [pack, unpack] = [promisify(gzip), promisify(gunzip)];

/*
 * Layout: 4 bytes of mark, 1 byte that says whether what follows is encrypted, then
 *   encrypted: 12 bytes of nonce, 16 of tag, the ciphertext (AES-256-GCM);
 *   plain: 32 bytes of SHA-256 over purpose and content, the content.
 * The content is gzip. The purpose is authenticated with it: what was sealed for one use opens for no other.
 */
const MARK = Buffer.from('EGS1');
const [PLAIN, ENCRYPTED] = [0, 1];
const [NONCE_BYTES, TAG_BYTES, SUM_BYTES] = [12, 16, 32];
const HEAD_BYTES = MARK.length + 1;
/** Of what comes out: a small file could else fill the memory. */
const MOST_BYTES = 1024 * 1024 * 1024;

/** @param key 32 bytes; absent: compressed and checksummed only. @param purpose what it is for, and whose it is. */
export async function seal(key: Buffer | undefined, purpose: string, content: Buffer): Promise<Buffer> {
  const packed = await pack(content);
  if (!key) return Buffer.concat([MARK, Buffer.from([PLAIN]), sumOf(purpose, packed), packed]);
  const head = Buffer.concat([MARK, Buffer.from([ENCRYPTED])]);
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', derived(key), nonce);
  cipher.setAAD(Buffer.concat([head, Buffer.from(purpose)]));
  const body = Buffer.concat([cipher.update(packed), cipher.final()]);
  return Buffer.concat([head, nonce, cipher.getAuthTag(), body]);
}

/** Whether it says of itself that it is encrypted. */
export const isEncrypted = (sealed: Buffer): boolean => sealed[MARK.length] === ENCRYPTED;

/**
 * @throws GuardError GUARD_SEAL_FOREIGN (not ours, damaged, sealed for something else, or with another key), GUARD_SEAL_KEY
 * (encrypted, and there is no key).
 */
export async function unseal(key: Buffer | undefined, purpose: string, sealed: Buffer): Promise<Buffer> {
  if (sealed.length < HEAD_BYTES + SUM_BYTES || !sealed.subarray(0, MARK.length).equals(MARK)) {
    throw new GuardError('GUARD_SEAL_FOREIGN', 'It does not begin as it should.');
  }
  const packed = isEncrypted(sealed) ? decrypted(key, purpose, sealed) : checked(purpose, sealed);
  return unpack(packed, { maxOutputLength: MOST_BYTES });
}

function decrypted(key: Buffer | undefined, purpose: string, sealed: Buffer): Buffer {
  if (!key) throw new GuardError('GUARD_SEAL_KEY', 'There is none.');
  const [nonceEnd, tagEnd] = [HEAD_BYTES + NONCE_BYTES, HEAD_BYTES + NONCE_BYTES + TAG_BYTES];
  const decipher = createDecipheriv('aes-256-gcm', derived(key), sealed.subarray(HEAD_BYTES, nonceEnd));
  decipher.setAAD(Buffer.concat([sealed.subarray(0, HEAD_BYTES), Buffer.from(purpose)]));
  decipher.setAuthTag(sealed.subarray(nonceEnd, tagEnd));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(tagEnd)), decipher.final()]);
  } catch (error) {
    throw new GuardError('GUARD_SEAL_FOREIGN', 'Its tag does not fit.', { cause: error });
  }
}

function checked(purpose: string, sealed: Buffer): Buffer {
  const packed = sealed.subarray(HEAD_BYTES + SUM_BYTES);
  if (
    sealed[MARK.length] !== PLAIN ||
    !sumOf(purpose, packed).equals(sealed.subarray(HEAD_BYTES, HEAD_BYTES + SUM_BYTES))
  ) {
    throw new GuardError('GUARD_SEAL_FOREIGN', 'Its checksum does not fit.');
  }
  return packed;
}

const sumOf = (purpose: string, packed: Buffer) =>
  createHash('sha256').update(purpose).update('\0').update(packed).digest();

/** A key of its own: the operator may use the given one elsewhere as well. */
const derived = (key: Buffer) => Buffer.from(hkdfSync('sha256', key, '', 'evolution-guard sealing 1', 32));
