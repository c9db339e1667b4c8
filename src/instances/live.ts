import type { HostInstance } from '../stores/host-rows';

/** Instances as this process has them in memory. Of those that it has not loaded, nothing is done. */
export interface LiveInstances {
  /**
   * Ends the socket, and lets nothing that is left of it write credentials or reconnect.
   *
   * @returns when what it was writing at that moment is written, too, or does not end.
   */
  silence(instanceId: string): Promise<void>;
  /** Silences it, and takes it out of memory. */
  unload(instanceId: string): void;
  /** Makes the next connect begin anew: no count of QR codes, not connected. */
  renew(instanceId: string): void;
  /** Connects with the credentials that are there. */
  reconnect(instanceId: string): void;
  /** Loads one as the host's start does, behind that start. @param connects whether it has credentials. */
  load(instance: HostInstance, connects: boolean): Promise<void>;
}
