import { z } from 'zod';
import { flag, url, whole, type Setting } from './setting-types';

const KEY = /^(?:[0-9a-f]{64}|[A-Za-z0-9+/]{43}=)$/i;

/** Of 32 bytes. */
const key = z
  .string()
  .regex(KEY, 'must be 32 bytes in base64 or hexadecimal (openssl rand -base64 32)')
  .transform((text) => Buffer.from(text, text.length === 64 ? 'hex' : 'base64'));

/** The part of the settings table that instances and backups have for themselves. */
export const INSTANCE_SETTINGS = {
  instancesEnabled: {
    env: 'GUARD_INSTANCES',
    type: flag,
    form: 'true or false',
    default: true,
    meaning: 'Keep instances over logouts, timers and deletes, tame reconnects, and answer for states with versions.',
  },
  delTempInstances: {
    env: 'DEL_TEMP_INSTANCES',
    type: flag,
    form: 'true or false',
    default: false,
    meaning:
      "The host's own variable, which it parses and never uses. false: no logout, timer or restart ever takes an instance away. true: those that were never paired may go after DEL_INSTANCE minutes.",
  },
  hostDatabaseUri: {
    env: 'DATABASE_CONNECTION_URI',
    type: url('postgresql', 'postgres', 'mysql', 'mariadb'),
    form: 'URL',
    secret: true,
    meaning: "The host's own database: instances, their settings and messages are there.",
  },
  archiveKey: {
    env: 'GUARD_ARCHIVE_KEY',
    type: key,
    form: '32 bytes, base64 or hexadecimal',
    secret: true,
    meaning:
      'Key that credentials are encrypted with when they are set aside, and backups with them (AES-256-GCM). Absent: neither is encrypted. Keep it apart from the backups; without it they are worth nothing.',
  },
  instancesGraceSeconds: {
    env: 'GUARD_INSTANCES_GRACE_SECONDS',
    type: whole(0, 600),
    form: 'whole number, 0 to 600',
    default: 30,
    meaning:
      'Seconds after a disconnect that is no logout (515, 440, 428, 408, ...) within which a 401 is checked by one reconnect before anything is reset. 0: never.',
  },
  instancesRetentionDays: {
    env: 'GUARD_INSTANCES_RETENTION_DAYS',
    type: whole(1, 3_650),
    form: 'whole number, 1 to 3650',
    default: 30,
    meaning: 'Days for which a deleted instance is kept with all its rows, hidden, to be restored.',
  },
  reconnectMaxSeconds: {
    env: 'GUARD_RECONNECT_MAX_SECONDS',
    type: whole(1, 3_600),
    form: 'whole number, 1 to 3600',
    default: 60,
    meaning: 'Longest pause between two attempts to connect an instance; pauses grow from one second, with jitter.',
  },
  backupCron: {
    env: 'GUARD_BACKUP_CRON',
    type: z.string().min(1),
    form: 'cron expression',
    meaning:
      'When backups are made by themselves, such as `0 3 * * *`, in the time zone of the process. Absent: never.',
  },
  backupTarget: {
    env: 'GUARD_BACKUP_TARGET',
    type: z.string().min(1),
    form: 'folder, or s3://bucket/prefix',
    meaning:
      'Where backups go: a folder, or a bucket of an S3-compatible store, whose address and keys are in GUARD_BACKUP_S3_ENDPOINT, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_REGION.',
  },
  backupS3Endpoint: {
    env: 'GUARD_BACKUP_S3_ENDPOINT',
    type: url('http', 'https'),
    form: 'URL',
    meaning: 'Address of the S3-compatible store; buckets are addressed by path.',
  },
  backupKeep: {
    env: 'GUARD_BACKUP_KEEP',
    type: whole(1, 10_000),
    form: 'whole number, 1 to 10000',
    default: 14,
    meaning: 'Scheduled backups that are kept; older ones are deleted when a new one is whole.',
  },
} as const satisfies Record<string, Setting>;
