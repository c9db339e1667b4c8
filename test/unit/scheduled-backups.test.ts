import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { backupName } from '../../src/backup/backup-name';
import { makeBackup, type Installation } from '../../src/backup/make-backup';
import { startBackups, type ScheduledBackupsOptions } from '../../src/backup/scheduled-backups';
import { folderTarget } from '../../src/backup/targets/folder';
import { every } from '../../src/core/cron';
import { createMetrics } from '../../src/metrics/metrics';
import { recordingLog } from '../helpers/recording-log';

const MINUTE_MS = 60_000;

/** One instance without credentials; the database answers as long as `answers` says. */
function installationOf(clientName: string, answers: () => Promise<unknown> = () => Promise.resolve()): Installation {
  const instance = { id: 'i-shop', name: 'shop' };
  return {
    clientName,
    instances: { list: () => answers().then(() => [instance]) } as unknown as Installation['instances'],
    settings: {
      kind: 'postgresql',
      dump: () => Promise.resolve(new Map([['i-shop', [{ table: 'Instance', rows: [{ id: 'i-shop' }] }]]])),
    } as unknown as Installation['settings'],
    credentials: { reason: 'There are none here.' },
  };
}

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'scheduled-'));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

/** A process whose schedule is in the hands of the test. */
function start(options: Partial<ScheduledBackupsOptions> = {}) {
  const [log, metrics] = [recordingLog(), createMetrics()];
  let run: (minute: number) => Promise<void> = () => Promise.resolve();
  let ended = false;
  const backups = startBackups({
    cron: '0 3 * * *',
    installation: installationOf('test'),
    target: folderTarget(folder),
    key: undefined,
    keep: 3,
    random: () => 0,
    log,
    metrics,
    schedule: (_setting, _cron, work) => {
      run = work;
      return () => (ended = true);
    },
    ...options,
  });
  const value = async (name: string) =>
    ((await metrics.registry.getSingleMetric(name)?.get())?.values ?? []).map(({ labels, value }) => [labels, value]);
  return { backups, run: (minute: number) => run(minute * MINUTE_MS), log, value, hasEnded: () => ended };
}

const nameAt = (minute: number, clientName = 'test') => backupName(clientName, minute * MINUTE_MS);

describe('scheduled backups', () => {
  it('are named after their minute, and made by one process of several', async () => {
    const [one, other] = [start(), start()];
    await one.run(1);
    await other.run(1);
    expect(await readdir(folder)).toEqual([nameAt(1)]);
    expect(await one.value('guard_backups_made_total')).toEqual([[{}, 1]]);
    expect(await other.value('guard_backups_made_total')).toEqual([[{}, 0]]);
    expect(await other.value('guard_backup_timestamp_seconds')).toEqual([[{}, 60]]);
  });

  it('are whole, and one, where two processes make the same', async () => {
    const [one, other] = [start(), start()];
    await Promise.all([one.run(1), other.run(1)]);
    expect(await readdir(folder)).toEqual([nameAt(1)]);
    expect(await one.value('guard_backups_failed_total')).toEqual([]);
    expect(await other.value('guard_backups_failed_total')).toEqual([]);
  });

  it('are kept as many as wanted, beside those made by hand, of others, and what cannot be read', async () => {
    const { run } = start();
    const target = folderTarget(folder);
    await makeBackup(installationOf('test'), target, { key: undefined, at: 0, isScheduled: false });
    await makeBackup(installationOf('other'), target, { key: undefined, at: 0, isScheduled: true });
    await writeFile(join(folder, nameAt(1, 'damaged')), 'x');
    for (let minute = 1; minute <= 5; minute += 1) await run(minute);
    const stay = [nameAt(0), nameAt(0, 'other'), nameAt(1, 'damaged'), nameAt(3), nameAt(4), nameAt(5)];
    expect((await readdir(folder)).sort()).toEqual(stay.sort());
  });

  it('that fail are told and counted, and the next is made all the same', async () => {
    let isAway = true;
    const answers = () => (isAway ? Promise.reject(new Error('connection refused')) : Promise.resolve());
    const { run, log, value } = start({ installation: installationOf('test', answers) });
    await run(1);
    expect(log.lines).toMatchObject([
      {
        level: 'error',
        fields: { code: 'GUARD_DATABASE_UNREACHABLE', detail: expect.stringMatching(/refused/) as unknown },
      },
    ]);
    expect(await value('guard_backups_failed_total')).toEqual([[{ code: 'GUARD_DATABASE_UNREACHABLE' }, 1]]);
    isAway = false;
    await run(2);
    expect(await readdir(folder)).toEqual([nameAt(2)]);
  });

  it('at a place that cannot be used are told of', async () => {
    await rm(folder, { recursive: true });
    await writeFile(folder, 'a file');
    const { run, value } = start();
    await run(1);
    expect(await value('guard_backups_failed_total')).toEqual([[{ code: 'GUARD_BACKUP_TARGET' }, 1]]);
  });

  it('without credentials say so each time', async () => {
    const { run, log } = start();
    await run(1);
    expect(log.lines).toContainEqual(
      expect.objectContaining({ level: 'warn', message: 'the backup is without credentials' }),
    );
  });

  it('end with the process, and leave nothing of what is under way', async () => {
    let reached: () => void = () => undefined;
    const isReached = new Promise<void>((resolve) => (reached = resolve));
    let goOn: () => void = () => undefined;
    const answers = () => new Promise<void>((resolve) => (reached(), (goOn = resolve)));
    const { backups, run, hasEnded, log } = start({ installation: installationOf('test', answers) });
    const running = run(1);
    await isReached;
    const stopped = backups.stop();
    goOn();
    await Promise.all([running, stopped]);
    expect([hasEnded(), await readdir(folder), log.lines]).toEqual([true, [], []]);
  });

  it('end at once while they wait for other processes', async () => {
    const { backups, run } = start({ random: () => 1 });
    const running = run(1);
    await backups.stop();
    await running;
    expect(await readdir(folder)).toEqual([]);
  });
});

describe('a cron expression', () => {
  it('runs at its times with the minute that is meant, until it is stopped', async () => {
    const minutes: number[] = [];
    await new Promise<void>((resolve) => {
      const stop = every('GUARD_BACKUP_CRON', '* * * * * *', (minute) => {
        minutes.push(minute);
        if (minutes.length === 2) {
          stop();
          resolve();
        }
        return Promise.resolve();
      });
    });
    expect(minutes.every((minute) => minute % MINUTE_MS === 0 && Date.now() - minute < 2 * MINUTE_MS)).toBe(true);
    expect(minutes.length).toBe(2);
  });

  it('that is none is a mistake in the settings', () => {
    expect(() => every('GUARD_BACKUP_CRON', 'every day', () => Promise.resolve())).toThrow(/GUARD_BACKUP_CRON/);
  });
});
