import { v7 as uuidv7 } from 'uuid';
import type { Random } from '../core/backoff';
import type { Clock } from '../core/clock';
import type { Log } from '../core/log';
import type { Settings } from '../core/settings';
import type { Metrics } from '../metrics/metrics';
import type { CredentialStore } from '../stores/credentials';
import type { HostRows } from '../stores/host-rows';
import type { InstanceStore } from '../stores/instance-store';
import { Archive } from './archive';
import { Instances } from './instances';
import type { LiveInstances } from './live';
import { Operations } from './operations';
import { createPlans } from './plans';
import { startUpkeep } from './upkeep';

export interface StartInstancesOptions {
  store: InstanceStore;
  host: HostRows;
  /** Absent where the host keeps credentials in a way that is not known here. */
  credentials: CredentialStore | undefined;
  live: LiveInstances;
  isDoubtful: (name: string) => boolean;
  settings: Settings;
  owner: string;
  clock: Clock;
  random: Random;
  log: Log;
  metrics: Metrics;
}

const DAY_MS = 86_400_000;

/** Sees to instances from now on. What a process that is gone was doing with some is finished first. */
export async function startInstances(
  options: StartInstancesOptions,
): Promise<{ instances: Instances; stop: () => Promise<void> }> {
  const { store, host, settings, clock, log } = options;
  const newId = () => uuidv7();
  const unlinks = new Map<string, () => Promise<void>>();
  const archive = new Archive({ store, key: settings.archiveKey });
  const retentionMs = settings.instancesRetentionDays * DAY_MS;
  const plans = createPlans({ ...options, archive, unlinks, retentionMs, newId });
  const operations = new Operations({ ...options, plans, newId });
  const instances = new Instances({ ...options, operations, unlinks, delTemp: settings.delTempInstances });
  await operations.start();
  const retentionDays = settings.instancesRetentionDays;
  const stopUpkeep = startUpkeep({
    store,
    instances,
    isBusy: (instanceId) => operations.isBusy(instanceId),
    retentionDays,
    clock,
    log,
  });
  return {
    instances,
    async stop() {
      await Promise.all([stopUpkeep(), operations.stop()]); // the one may wait for the other
      await host.stop();
    },
  };
}
