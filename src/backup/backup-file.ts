import { createHash } from 'node:crypto';
import { open, type FileHandle } from 'node:fs/promises';
import { z } from 'zod';
import { GuardError } from '../core/errors';
import { seal, unseal } from '../core/sealing';

/*
 * A line of JSON, the header; then for each instance that it names, in that order, four bytes of length and what is kept of
 * it, sealed. The purpose that a part is sealed for has the checksum of the header and its number: no part fits anywhere
 * else, and a header that was changed fits no part. One instance at a time is in memory.
 */
const FORMAT = 'evolution-guard backup';
const FORMAT_VERSION = 1;
const LENGTH_BYTES = 4;
/** Beyond these it is no backup: a file of zeros could else fill the memory. */
const HEADER_MOST_BYTES = 64 * 1024 * 1024;
const CHUNK_BYTES = 64 * 1024;

const headerShape = z.object({
  format: z.literal(FORMAT),
  version: z.literal(FORMAT_VERSION),
  /** ISO 8601, UTC. */
  madeAt: z.iso.datetime(),
  /** The version of the plugin. */
  madeBy: z.string(),
  database: z.enum(['postgresql', 'mysql']),
  clientName: z.string(),
  isScheduled: z.boolean(),
  isEncrypted: z.boolean(),
  // Ids become names of files.
  instances: z.array(z.object({ id: z.string().regex(/^[\w-]+$/), name: z.string() })),
});
const formatShape = z.object({ format: z.literal(FORMAT), version: z.number() });

export type BackupHeader = z.infer<typeof headerShape>;

const partShape = z.object({
  tables: z.array(z.object({ table: z.string(), rows: z.array(z.record(z.string(), z.string().nullable())) })),
  credentials: z.object({ creds: z.string(), keys: z.record(z.string(), z.string()) }).nullable(),
});

/** What is kept of one instance. */
export type BackupPart = z.infer<typeof partShape>;

/** @param file is made. @param parts one for each instance of the header, in its order. */
export async function writeBackup(
  file: string,
  facts: Omit<BackupHeader, 'format' | 'version' | 'isEncrypted'>,
  key: Buffer | undefined,
  parts: AsyncIterable<BackupPart>,
): Promise<void> {
  const header: BackupHeader = { format: FORMAT, version: FORMAT_VERSION, isEncrypted: key !== undefined, ...facts };
  const line = Buffer.from(`${JSON.stringify(header)}\n`);
  const handle = await open(file, 'wx', 0o600);
  try {
    await handle.appendFile(line);
    let number = 0;
    for await (const part of parts) {
      const sealed = await seal(key, purposeOf(line, number++), Buffer.from(JSON.stringify(part)));
      const length = Buffer.alloc(LENGTH_BYTES);
      length.writeUInt32BE(sealed.length);
      await handle.appendFile(Buffer.concat([length, sealed]));
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
}

const purposeOf = (line: Buffer, number: number) =>
  `backup ${createHash('sha256').update(line).digest('hex')} ${number}`;

/** @throws GuardError GUARD_BACKUP_FOREIGN */
export function parseHeader(line: Buffer): BackupHeader {
  const content = asJson(line.toString('utf8'));
  const format = formatShape.safeParse(content);
  if (!format.success) throw new GuardError('GUARD_BACKUP_FOREIGN', 'It does not begin as a backup does.');
  if (format.data.version > FORMAT_VERSION) {
    const detail = `Its format is ${format.data.version}, and this release reads ${FORMAT_VERSION}.`;
    throw new GuardError('GUARD_BACKUP_FOREIGN', `${detail} Take the release that made it, or a later one.`);
  }
  const header = headerShape.safeParse(content);
  if (!header.success) throw new GuardError('GUARD_BACKUP_FOREIGN', 'Its header is damaged.');
  return header.data;
}

function asJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // told by who knows what it should have been
  }
}

/**
 * Finds the header line.
 *
 * @param read so many of the first bytes, or all there are.
 * @throws GuardError GUARD_BACKUP_FOREIGN
 */
export async function findHeader(read: (bytes: number) => Promise<Buffer>): Promise<Buffer> {
  for (let bytes = CHUNK_BYTES; bytes <= HEADER_MOST_BYTES; bytes *= 16) {
    const found = await read(bytes);
    const end = found.indexOf('\n');
    if (end >= 0) return found.subarray(0, end + 1);
    if (found.length < bytes) break;
  }
  throw new GuardError('GUARD_BACKUP_FOREIGN', 'It does not begin as a backup does.');
}

export interface OpenedBackup {
  header: BackupHeader;
  /**
   * All parts, in the order of the header's instances.
   *
   * @throws GuardError GUARD_BACKUP_FOREIGN where it is damaged; GUARD_SEAL_FOREIGN and GUARD_SEAL_KEY.
   */
  parts: (key: Buffer | undefined) => AsyncGenerator<BackupPart>;
}

/** @throws GuardError GUARD_BACKUP_FOREIGN; what `use` throws. */
export async function withBackup<T>(file: string, use: (backup: OpenedBackup) => Promise<T>): Promise<T> {
  const handle = await open(file);
  try {
    const { size } = await handle.stat();
    const line = await findHeader((bytes) => readAt(handle, 0, Math.min(bytes, size)));
    const header = parseHeader(line);
    return await use({ header, parts: (key) => partsOf(handle, size, line, header, key) });
  } finally {
    await handle.close();
  }
}

async function* partsOf(
  handle: FileHandle,
  size: number,
  line: Buffer,
  { instances }: BackupHeader,
  key: Buffer | undefined,
): AsyncGenerator<BackupPart> {
  let at = line.length;
  for (let number = 0; number < instances.length; number += 1) {
    if (at + LENGTH_BYTES > size) throw cutOff();
    const length = (await readAt(handle, at, LENGTH_BYTES)).readUInt32BE();
    at += LENGTH_BYTES;
    if (at + length > size) throw cutOff();
    const content = await unseal(key, purposeOf(line, number), await readAt(handle, at, length));
    at += length;
    const part = partShape.safeParse(asJson(content.toString('utf8')));
    if (!part.success) throw new GuardError('GUARD_BACKUP_FOREIGN', `Part ${number} is not as it should be.`);
    yield part.data;
  }
  if (at !== size) throw new GuardError('GUARD_BACKUP_FOREIGN', 'There is more in it than there should be.');
}

const cutOff = () => new GuardError('GUARD_BACKUP_FOREIGN', 'It is cut off.');

async function readAt(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, position);
  return buffer.subarray(0, bytesRead);
}
