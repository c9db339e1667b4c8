import { EventEmitter } from 'node:events';
import type { Channel } from './channels';

/** Holds the instances and cleans up after them, as the host's WAMonitoringService does. */
export class Monitor {
  readonly waInstances: Record<string, Channel> = {};
  readonly eventEmitter = new EventEmitter();

  constructor() {
    this.eventEmitter.on('remove.instance', (name: string) => {
      void this.cleaningUp(name);
      void this.cleaningStoreData(name);
      delete this.waInstances[name];
    });
    this.eventEmitter.on('logout.instance', (name: string) => void this.cleaningUp(name));
    this.eventEmitter.on('no.connection', (name: string) => void this.waInstances[name]?.close());
  }

  cleaningUp(instanceName: string): Promise<void> {
    return this.waInstances[instanceName]?.close() ?? Promise.resolve();
  }

  cleaningStoreData(instanceName: string): Promise<void> {
    return this.waInstances[instanceName]?.close() ?? Promise.resolve();
  }
}
