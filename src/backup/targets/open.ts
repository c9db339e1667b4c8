import { resolve } from 'node:path';
import { GuardError } from '../../core/errors';
import type { Environment, Settings } from '../../core/settings';
import { folderTarget } from './folder';
import { s3Target } from './s3';
import type { BackupTarget } from './target';

const BUCKET = /^s3:\/\/([^/]+)(?:\/(.*))?$/;

/**
 * @param environment has the AWS_ variables, by their usual names.
 * @param hostDir a relative folder is meant from here.
 * @throws GuardError GUARD_BACKUP_TARGET
 */
export function openTarget(
  { backupTarget, backupS3Endpoint }: Pick<Settings, 'backupTarget' | 'backupS3Endpoint'>,
  environment: Environment,
  hostDir: string,
): BackupTarget {
  if (backupTarget === undefined) throw new GuardError('GUARD_BACKUP_TARGET', 'GUARD_BACKUP_TARGET is not set.');
  const [isBucket, bucket, path = ''] = BUCKET.exec(backupTarget) ?? [];
  if (!isBucket && /^\w+:\/\//.test(backupTarget)) {
    throw new GuardError('GUARD_BACKUP_TARGET', `${backupTarget} is neither a folder nor s3://bucket/prefix.`);
  }
  if (bucket === undefined) return folderTarget(resolve(hostDir, backupTarget));
  const {
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_SESSION_TOKEN: sessionToken,
  } = environment;
  if (!accessKeyId || !secretAccessKey) {
    throw new GuardError('GUARD_BACKUP_TARGET', 'AWS_ACCESS_KEY_ID or AWS_SECRET_ACCESS_KEY is not set.');
  }
  const region = environment['AWS_REGION'] || 'us-east-1';
  return s3Target({
    bucket,
    prefix: path === '' ? '' : `${path.replace(/\/+$/, '')}/`,
    endpoint: backupS3Endpoint ?? `https://s3.${region}.amazonaws.com`,
    region,
    accessKeyId,
    secretAccessKey,
    ...(sessionToken && { sessionToken }),
  });
}
