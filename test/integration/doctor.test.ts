import { describe, expect, it } from '@jest/globals';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkInstances } from '../../src/cli/doctor-instances';
import { checkBroker, checkDatabase, checkInstalled, checkSettings } from '../../src/cli/doctor-checks';
import { checkSignalKeys } from '../../src/cli/doctor-signal-keys';
import { hostEnvironment } from '../../src/cli/host-environment';
import { readSettings } from '../../src/core/settings';
import { startRig } from '../helpers/event-rig';
import { createVhost } from '../helpers/services';
import { DATABASES } from '../helpers/test-store';

const settingsFor = (environment: Record<string, string>) => readSettings({ GUARD_ENABLED: 'true', ...environment });

describe('doctor', () => {
  it("reads the host's .env, and lets the environment of the command win", () => {
    const folder = mkdtempSync(join(tmpdir(), 'doctor-'));
    writeFileSync(join(folder, '.env'), "GUARD_ENABLED=true\nRABBITMQ_URI='amqp://file'\n");
    const environment = hostEnvironment(folder, { RABBITMQ_URI: 'amqp://shell' });
    rmSync(folder, { recursive: true });
    expect(environment).toEqual({ GUARD_ENABLED: 'true', RABBITMQ_URI: 'amqp://shell' });
  });

  it('tells a host that is switched off, and every mistake in the settings', () => {
    expect(checkSettings({}).finding).toMatchObject({
      level: 'warning',
      text: expect.stringContaining('GUARD_ENABLED'),
    });
    const { finding, settings } = checkSettings({ GUARD_ENABLED: 'true', GUARD_TYPO: '1', GUARD_RELAY_WINDOW: 'x' });
    expect(settings).toBeUndefined();
    expect(finding.text).toMatch(/GUARD_RELAY_WINDOW.*GUARD_TYPO/s);
  });

  it('tells a plugin that is not installed', () => {
    expect(checkInstalled(tmpdir(), '0.1.0')).toMatchObject({
      level: 'problem',
      text: expect.stringContaining('npm install'),
    });
  });

  it('warns where credentials that are set aside are not encrypted', () => {
    expect(checkInstances(settingsFor({}))).toMatchObject([
      { level: 'warning', text: expect.stringContaining('GUARD_ARCHIVE_KEY') },
    ]);
    expect(checkInstances(settingsFor({ GUARD_ARCHIVE_KEY: 'ab'.repeat(32) }))).toEqual([]);
    expect(checkInstances(settingsFor({ GUARD_INSTANCES: 'false' }))).toEqual([]);
  });

  it('tells of signal keys that are where the host alone would not look for them', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'doctor-'));
    mkdirSync(join(folder, 'instances', 'a'), { recursive: true });
    writeFileSync(join(folder, 'instances', 'no-folder'), '');
    const told = (environment: Record<string, string>, redis = 'true') =>
      checkSignalKeys(settingsFor(environment), { CACHE_REDIS_ENABLED: redis }, folder);
    const bypass = { GUARD_CACHE_BYPASS: 'signal-keys' };
    expect(await told(bypass)).toEqual([]);
    writeFileSync(join(folder, 'instances', 'a', 'evolution-guard-signal-keys'), '');
    expect(await told(bypass)).toMatchObject([{ level: 'ok', text: expect.stringContaining('1 instances') }]);
    expect(await told({})).toMatchObject([{ level: 'warning', text: expect.stringContaining('leave the plugin on') }]);
    const away = [{ level: 'problem', text: expect.stringContaining('GUARD_CACHE_BYPASS empty') }];
    expect(await told({ ...bypass, GUARD_CACHE: 'false' })).toMatchObject(away);
    expect(await told({ ...bypass, GUARD_ENABLED: 'false' })).toMatchObject(away);
    expect(await told({}, 'false')).toEqual([]);
    rmSync(folder, { recursive: true });
  });

  it.each(DATABASES)(
    'tells a $kind that does not answer, one without our tables, and what waits in it',
    async ({ kind, create }) => {
      const nobody = `${kind === 'MariaDB' ? 'mysql' : 'postgresql'}://nobody@127.0.0.1:1/none`;
      expect(await checkDatabase(settingsFor({ GUARD_DATABASE_URI: nobody }), 0)).toMatchObject([
        { level: 'problem', text: expect.stringContaining('GUARD_DATABASE_UNREACHABLE') },
      ]);
      const databaseUrl = await create();
      const settings = settingsFor({ GUARD_DATABASE_URI: databaseUrl, GUARD_DATABASE_SCHEMA: 'guard' });
      expect(await checkDatabase(settings, 0)).toMatchObject([
        { level: 'warning', text: expect.stringContaining('first start') },
      ]);
      const rig = await startRig({ databaseUrl, brokerUrl: 'amqp://127.0.0.1:1' });
      await rig.emit(1, 'a@g.us');
      await rig.stop();
      const later = Date.now() + 120_000;
      expect(await checkDatabase(settings, later)).toMatchObject([
        { level: 'ok', text: expect.stringContaining('1 events wait') },
        { level: 'warning', text: expect.stringMatching(/an event waits since 1[12]\d s/) },
      ]);
    },
  );

  it('tells whether the broker answers', async () => {
    const enabled = { RABBITMQ_ENABLED: 'true' };
    const up = settingsFor({ RABBITMQ_URI: await createVhost() });
    const down = settingsFor({ RABBITMQ_URI: 'amqp://127.0.0.1:1' });
    expect(await checkBroker(up, {})).toMatchObject({ level: 'warning' });
    expect(await checkBroker(settingsFor({ GUARD_WEBHOOKS: 'durable' }), {})).toMatchObject({ level: 'ok' });
    expect(await checkBroker(up, enabled)).toMatchObject({ level: 'ok' });
    expect(await checkBroker(down, enabled)).toMatchObject({
      level: 'problem',
      text: expect.stringContaining('GUARD_BROKER_UNREACHABLE'),
    });
  });
});
