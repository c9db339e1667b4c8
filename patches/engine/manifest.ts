import { z } from 'zod';
import { describe, GuardError } from '../../src/core/errors';
import { readText, sha256 } from './files';
import { MANIFEST_PATH } from './layout';

const digest = z.string().regex(/^[0-9a-f]{64}$/, 'must be a SHA-256 in hexadecimal');
const version = z.string().regex(/^\d+\.\d+\.\d+[\w.+-]*$/, 'must be a version');
const pathInHost = z
  .string()
  .refine((path) => !/^[/\\]|\\|:|(^|\/)\.\.(\/|$)/.test(path), 'must be a path inside the host');

const insertion = z.strictObject({ recipe: z.string(), offset: z.int().nonnegative(), text: z.string().min(1) });

const patchedFile = z.strictObject({
  path: pathInHost,
  sha256Before: digest,
  sha256After: digest,
  insertions: z.array(insertion),
});

const manifest = z.strictObject({ guardVersion: version, hostVersion: z.string(), files: z.array(patchedFile) });

/** One file as it was patched; the insertions' offsets count in UTF-16 units of the patched text. */
export type PatchedFile = z.infer<typeof patchedFile>;

/** The record of an applied release, kept beside its tarball. It has no date: the same release writes the same bytes. */
export type Manifest = z.infer<typeof manifest>;

export function readManifest(hostDir: string): Manifest | undefined {
  const text = readText(hostDir, MANIFEST_PATH);
  if (text === undefined) return undefined;
  try {
    return manifest.parse(JSON.parse(text));
  } catch (error) {
    const why = error instanceof z.ZodError ? z.prettifyError(error) : describe(error);
    throw new GuardError('GUARD_PATCH_MANIFEST', `${MANIFEST_PATH}: ${why}`, { cause: error });
  }
}

export function manifestText(content: Manifest): string {
  return `${JSON.stringify(content, null, 2)}\n`;
}

export function record(
  path: string,
  before: string,
  after: string,
  insertions: PatchedFile['insertions'],
): PatchedFile {
  return { path, sha256Before: sha256(before), sha256After: sha256(after), insertions };
}
