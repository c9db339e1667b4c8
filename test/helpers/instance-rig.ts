import { randomUUID } from 'node:crypto';
import { systemClock } from '../../src/core/clock';
import { createLog } from '../../src/core/log';
import type { Settings } from '../../src/core/settings';
import { startInstances, type StartInstancesOptions } from '../../src/instances';
import { Archive } from '../../src/instances/archive';
import type { LiveInstances } from '../../src/instances/live';
import { createMetrics } from '../../src/metrics/metrics';
import type { Credentials, CredentialStore } from '../../src/stores/credentials';
import type { HostInstance } from '../../src/stores/host-rows';
import { openHostRows } from '../../src/stores/open-host-rows';
import { openHostTables } from './host-tables';
import { recordingLog } from './recording-log';
import { isMariadb, openTestStore } from './test-store';

/** Credentials of all instances in memory, for any number of processes. */
export class MemoryCredentials implements CredentialStore {
  readonly place = 'memory';
  readonly all = new Map<string, Credentials>();
  read = (instanceId: string) => Promise.resolve(this.all.get(instanceId));
  write = (instanceId: string, credentials: Credentials) => Promise.resolve(void this.all.set(instanceId, credentials));
  remove = (instanceId: string) => Promise.resolve(void this.all.delete(instanceId));
}

/** Instances in the memory of a host: what was done to them, in order. */
export class RecordingLive implements LiveInstances {
  readonly done: string[] = [];
  readonly loaded: { instance: HostInstance; connects: boolean }[] = [];
  silence = (id: string) => Promise.resolve(void this.done.push(`silence ${id}`));
  unload = (id: string) => void this.done.push(`unload ${id}`);
  renew = (id: string) => void this.done.push(`renew ${id}`);
  reconnect = (id: string) => void this.done.push(`reconnect ${id}`);
  load(instance: HostInstance, connects: boolean): Promise<void> {
    this.loaded.push({ instance, connects });
    return Promise.resolve();
  }
}

/** What an operator writes in other signs than ASCII, and what bytes look like in the host's JSON. */
const credentialsOf = (id: string): Credentials => ({
  creds: `{"me":"é 漢字 👩‍👩‍👧 of ${id}","noiseKey":{"private":{"type":"Buffer","data":"c2VjcmV0"}}}`,
  keys: new Map([
    [`pre-key-7`, `{"public":"of ${id}"}`],
    [`session-5511@s.whatsapp.net:3`, '\u0001 \\ \' " \r\n'],
  ]),
});

/** The host's tables, its credentials and the plugin's store, with any number of processes on them. */
export async function openInstanceRig(url: string) {
  const store = await openTestStore(url);
  const host = await openHostTables(url);
  const rows = await openHostRows(url, createLog('silent'));
  const credentials = new MemoryCredentials();
  const log = recordingLog();
  const stops: (() => Promise<void>)[] = [];

  return {
    ...{ store, host, rows, credentials, log },
    archive: (key?: Buffer) => new Archive({ store: store.instances, key }),

    /** A paired instance `shop-...` with rows in every table of the host, and credentials. */
    async add(messages = 3): Promise<{ id: string; name: string; credentials: Credentials }> {
      const id = randomUUID();
      const name = `shop-${id}`;
      await host.fill(id, messages);
      await host.query(`UPDATE "Instance" SET "name" = '${name}' WHERE "id" = '${id}'`);
      credentials.all.set(id, credentialsOf(id));
      return { id, name, credentials: credentialsOf(id) };
    },

    /** A process that sees to instances. */
    async start(options: Partial<StartInstancesOptions> = {}, settings: Partial<Settings> = {}) {
      const live = new RecordingLive();
      const started = await startInstances({
        ...{ store: store.instances, host: { ...rows, stop: () => Promise.resolve() }, credentials, live },
        ...{ isDoubtful: () => false, owner: randomUUID(), clock: systemClock, random: () => 0, log },
        metrics: createMetrics(),
        settings: { instancesRetentionDays: 30, delTempInstances: false, ...settings } as Settings,
        ...options,
      });
      stops.push(started.stop);
      return { ...started, live };
    },

    /** Events of an instance's history, the oldest first. */
    async eventsOf(id: string): Promise<string[]> {
      const history = await store.instances.history(id, Number.MAX_SAFE_INTEGER, 100);
      return history.map(({ event, reason }) => `${event}: ${reason}`).reverse();
    },

    /** As time would do it. */
    async setTime(table: string, column: string, ms: number, where: string): Promise<void> {
      const time = isMariadb(url) ? String(ms) : `to_timestamp(${ms} / 1000.0)`;
      await store.query(`UPDATE {${table}} SET ${column} = ${time} WHERE ${where}`);
    },

    async stop(): Promise<void> {
      await Promise.all(stops.splice(0).map((each) => each()));
    },

    async close(): Promise<void> {
      await rows.stop();
      await host.close();
      await store.close();
    },
  };
}

export type InstanceRig = Awaited<ReturnType<typeof openInstanceRig>>;
