import { EventEmitter } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { Channel } from './channels';
import type { InstanceData } from './shapes';

/** Holds the instances and cleans up after them, as the host's WAMonitoringService does. */
export class Monitor {
  readonly waInstances: Record<string, Channel> = {};
  readonly eventEmitter = new EventEmitter();

  /** @param file where instances are kept over restarts, as the host keeps them in its database. */
  constructor(private readonly file: string | undefined) {
    this.eventEmitter.on('remove.instance', (name: string) => {
      void this.cleaningUp(name);
      void this.cleaningStoreData(name);
      delete this.waInstances[name];
      this.save();
    });
    this.eventEmitter.on('logout.instance', (name: string) => void this.cleaningUp(name));
    this.eventEmitter.on('no.connection', (name: string) => void this.waInstances[name]?.close());
  }

  /** After the routes are there, as in the host. */
  loadInstance(make: (settings: InstanceData) => Channel | null): void {
    if (!this.file || !existsSync(this.file)) return;
    for (const settings of JSON.parse(readFileSync(this.file, 'utf8')) as InstanceData[]) {
      const instance = make(settings);
      if (instance) this.waInstances[settings.instanceName] = instance;
    }
  }

  save(): void {
    if (!this.file) return;
    writeFileSync(this.file, JSON.stringify(Object.values(this.waInstances).map(({ settings }) => settings)));
  }

  cleaningUp(instanceName: string): Promise<void> {
    return this.waInstances[instanceName]?.close() ?? Promise.resolve();
  }

  cleaningStoreData(instanceName: string): Promise<void> {
    return this.waInstances[instanceName]?.close() ?? Promise.resolve();
  }
}
