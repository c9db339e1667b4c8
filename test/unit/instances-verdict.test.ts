import { describe, expect, it } from '@jest/globals';
import { EventEmitter } from 'node:events';
import type { Settings } from '../../src/core/settings';
import { INSTANCE_EVENTS } from '../../src/host/instances-join';
import { instancesParts } from '../../src/host/instances-verdict';

/** The host's parts, with as many parameters as in 2.3.7. */
function host() {
  const eventEmitter = new EventEmitter();
  for (const event of INSTANCE_EVENTS) eventEmitter.on(event, () => undefined);
  const one = (_data: unknown) => Promise.resolve();
  return {
    waMonitor: {
      ...{ waInstances: {}, eventEmitter, cleaningUp: one, cleaningStoreData: one, setInstance: one },
      ...{ delInstanceTime: one },
    } as Record<string, unknown>,
    instanceController: { createInstance: one, deleteInstance: one },
    channelController: { init: (_data: unknown, _parts: unknown) => ({}) },
  };
}

const settings = { instancesEnabled: true, hostDatabaseUri: 'postgresql://host/evolution' } as Settings;
const config: Record<string, unknown> = { CHATWOOT: { ENABLED: true }, DEL_INSTANCE: 5 };
const read = (key: string) => config[key];

describe('what the host must have for instances', () => {
  it('is there in a host of that shape', () => {
    const { verdict, parts } = instancesParts(host(), read, settings);
    expect(verdict).toMatchObject({ feature: 'instances', verdict: 'on' });
    expect(parts?.config).toEqual({ CHATWOOT: { ENABLED: true }, DEL_INSTANCE: 5 });
  });

  it.each([
    ['instancesEnabled', { ...settings, instancesEnabled: false }, 'GUARD_INSTANCES is false'],
    ['hostDatabaseUri', { ...settings, hostDatabaseUri: undefined }, 'DATABASE_CONNECTION_URI is not set'],
  ])('is not asked for without %s', (_setting, given, reason) => {
    expect(instancesParts(host(), read, given as Settings)).toEqual({
      verdict: { feature: 'instances', verdict: 'off-by-setting', reason },
    });
  });

  it('is named where it is missing, all of it', () => {
    const parts = host();
    delete parts.waMonitor.setInstance;
    (parts.waMonitor.eventEmitter as EventEmitter).on('remove.instance', () => undefined);
    parts.instanceController.deleteInstance = () => Promise.resolve();
    expect(instancesParts(parts, read, settings)).toEqual({
      verdict: {
        feature: 'instances',
        verdict: 'host-lacks',
        reason:
          'waMonitor.setInstance(data); instanceController.deleteInstance(instance); exactly one listener of remove.instance',
      },
    });
    expect(instancesParts({}, read, settings).verdict.verdict).toBe('host-lacks');
  });

  it('is not lacking where the host’s settings are of another shape', () => {
    const odd = () => ({ ENABLED: 'odd' });
    expect(instancesParts(host(), odd, settings).parts?.config).toEqual({});
  });
});
