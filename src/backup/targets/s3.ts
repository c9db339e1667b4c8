import { randomUUID } from 'node:crypto';
import { createWriteStream, openAsBlob } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { AwsV4Signer } from 'aws4fetch';
import { GuardError } from '../../core/errors';
import { stampOf } from '../backup-name';
import { atTarget, type BackupTarget, type StoredBackup } from './target';

export interface BucketOptions {
  bucket: string;
  /** Before every name; with a slash at its end, or empty. */
  prefix: string;
  endpoint: string;
  region: string;
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
}

/** How long the store may take to answer, and how long a backup may be under way. */
const ANSWER_MS = 30_000;
const TRANSFER_MS = 30 * 60_000;

interface Call {
  method: 'GET' | 'PUT' | 'DELETE';
  headers?: Record<string, string>;
  body?: Blob;
  withinMs?: number;
}

/** Backups in a bucket of an S3-compatible store, by its simplest calls: PUT, GET, DELETE and ListObjectsV2. */
export function s3Target({ bucket, prefix, endpoint, ...identity }: BucketOptions): BackupTarget {
  const place = `s3://${bucket}/${prefix}`;
  const bucketUrl = `${endpoint.replace(/\/+$/, '')}/${encodeURIComponent(bucket)}`;
  const urlOf = (name: string) => `${bucketUrl}/${`${prefix}${name}`.split('/').map(encodeURIComponent).join('/')}`;
  const attempt = <T>(work: () => Promise<T>) => atTarget(place, work);
  const draftOf = (name: string) => join(tmpdir(), `${name}.${randomUUID()}.part`);

  /** @param name of the backup that is asked for. */
  const ask = async (url: string, { method, headers = {}, body, withinMs = ANSWER_MS }: Call, name?: string) => {
    // The body is not part of the signature: it is a file, and is sealed.
    const signer = new AwsV4Signer({ ...identity, service: 's3', method, url, headers });
    const signed = await signer.sign();
    const response = await fetch(signed.url, {
      method,
      headers: signed.headers,
      body: body ?? null,
      redirect: 'error',
      signal: AbortSignal.timeout(withinMs),
    });
    if (response.ok) return response;
    const code = textOf(await response.text(), 'Code') ?? '';
    if (response.status === 404 && name !== undefined && code !== 'NoSuchBucket') {
      throw new GuardError('GUARD_BACKUP_UNKNOWN', `${name} is not in ${place}.`);
    }
    throw new GuardError('GUARD_BACKUP_TARGET', `${place}: ${method} was answered with ${response.status} ${code}.`);
  };

  const download = (name: string, file: string) =>
    attempt(async () => {
      const { body } = await ask(urlOf(name), { method: 'GET', withinMs: TRANSFER_MS }, name);
      if (body) await pipeline(Readable.fromWeb(body), createWriteStream(file, { flags: 'wx', mode: 0o600 }));
    });

  return {
    place,
    list: () =>
      attempt(async () => {
        const found: StoredBackup[] = [];
        let token: string | undefined;
        do {
          const query = new URLSearchParams({ 'list-type': '2', prefix, delimiter: '/' });
          if (token !== undefined) query.set('continuation-token', token);
          const page = await (await ask(`${bucketUrl}?${query.toString()}`, { method: 'GET' })).text();
          found.push(...backupsIn(page));
          token = textOf(page, 'NextContinuationToken');
        } while (token !== undefined);
        return found;
      }),
    draft: (name) => Promise.resolve(draftOf(name)),
    put: (name, draft) =>
      attempt(async () => {
        const body = await openAsBlob(draft);
        await (await ask(urlOf(name), { method: 'PUT', body, withinMs: TRANSFER_MS })).text();
      }),
    head: (name, bytes) =>
      attempt(async () => {
        const headers = { range: `bytes=0-${bytes - 1}` };
        const response = await ask(urlOf(name), { method: 'GET', headers }, name);
        return Buffer.from(await response.arrayBuffer()).subarray(0, bytes);
      }),
    withFile: async (name, use) => {
      const file = draftOf(name);
      try {
        await download(name, file);
        return await use(file);
      } finally {
        await rm(file, { force: true });
      }
    },
    remove: (name) =>
      attempt(async () => {
        await (await ask(urlOf(name), { method: 'DELETE' })).text();
      }),
  };
}

/** Names of ours have no sign that XML would write otherwise. */
function backupsIn(page: string): StoredBackup[] {
  const objects = page.match(/<Contents>.*?<\/Contents>/gs) ?? [];
  return objects
    .map((object) => ({ name: textOf(object, 'Key')?.split('/').pop() ?? '', bytes: Number(textOf(object, 'Size')) }))
    .filter(({ name }) => stampOf(name) !== undefined);
}

const ENTITIES: Record<string, string> = { '&amp;': '&', '&lt;': '<', '&gt;': '>', '&quot;': '"', '&apos;': "'" };

function textOf(xml: string, tag: string): string | undefined {
  const text = new RegExp(`<${tag}>([^<]+)</${tag}>`).exec(xml)?.[1];
  return text?.replace(/&(?:amp|lt|gt|quot|apos);/g, (entity) => ENTITIES[entity] ?? entity);
}
