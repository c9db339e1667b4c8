import { describe, expect, it } from '@jest/globals';
import { GuardError } from '../../src/core/errors';
import { readSettings } from '../../src/core/settings';
import type { Setting } from '../../src/core/setting-types';
import { SETTINGS } from '../../src/core/settings-table';

function mistakesOf(environment: Record<string, string>): string {
  try {
    readSettings(environment);
  } catch (error) {
    if (error instanceof GuardError && error.code === 'GUARD_SETTINGS_INVALID') return error.detail;
    throw error;
  }
  return '';
}

describe('settings', () => {
  it("the host's own variable serves where ours is absent, and ours wins where both are set", () => {
    const host = { RABBITMQ_URI: 'amqp://host', DATABASE_CONNECTION_URI: 'postgresql://host/db' };
    expect(readSettings(host).rabbitmqUri).toBe('amqp://host');
    expect(readSettings({ ...host, GUARD_RABBITMQ_URI: 'amqps://guard' }).rabbitmqUri).toBe('amqps://guard');
  });

  it('an empty variable counts as absent', () => {
    const settings = readSettings({ RABBITMQ_URI: '', GUARD_RELAY_WINDOW: '  ', GUARD_ENABLED: '' });
    expect(settings).toMatchObject({ rabbitmqUri: undefined, relayWindow: 500, enabled: false });
  });

  it('every mistake is named in one error, misspelt names too', () => {
    const detail = mistakesOf({
      GUARD_ENABLED: 'yes',
      GUARD_RELAY_WINDOW: '0',
      GUARD_EVENT_MAX_BYTES: '1e6',
      GUARD_DATABASE_URI: 'localhost:5432',
      GUARD_DATABASE_SCHEMA: 'Guard; DROP TABLE x',
      GUARD_RELAY_WINDOWS: '10',
      RABBITMQ_URI: 'http://broker',
    });
    expect(
      detail
        .trim()
        .split('\n')
        .map((line) => line.trim()),
    ).toEqual([
      '- GUARD_ENABLED: must be true or false',
      '- GUARD_DATABASE_URI: must be a URL that starts with postgresql:// or postgres:// or mysql:// or mariadb://',
      '- GUARD_DATABASE_SCHEMA: must be lower-case letters, digits and _, at most 48',
      '- RABBITMQ_URI: must be a URL that starts with amqp:// or amqps://',
      '- GUARD_EVENT_MAX_BYTES: must be a whole number from 1024 to 134217728',
      '- GUARD_RELAY_WINDOW: must be a whole number from 1 to 5000',
      '- GUARD_RELAY_WINDOWS: no such setting',
    ]);
  });

  it('a mistake never shows the value, which may be a secret', () => {
    expect(mistakesOf({ GUARD_RABBITMQ_URI: 'hunter2' })).not.toContain('hunter2');
  });

  it.each(Object.values<Setting>(SETTINGS).map((setting) => [setting.env, setting] as const))(
    'the default of %s would be accepted as a value',
    (_name, { type, default: value }) => {
      if (value !== undefined) expect(type.safeParse(`${value as string | number | boolean}`).success).toBe(true);
    },
  );
});
