import type { Clock } from '../core/clock';
import { describe, GuardError } from '../core/errors';
import type { Log } from '../core/log';
import type { HostInstance, HostRows } from '../stores/host-rows';
import { findDeleted } from '../stores/instance-reading';
import type { InstanceStore, Tombstone } from '../stores/instance-store';
import { decide, type Decision, type Trigger } from './decisions';
import type { LiveInstances } from './live';
import type { Operations } from './operations';

export interface InstancesOptions {
  store: Pick<InstanceStore, 'findTombstones' | 'note'>;
  host: Pick<HostRows, 'findByName' | 'wasPaired'>;
  operations: Operations;
  live: LiveInstances;
  /** The host's own way of ending a session at WhatsApp, by instance, while somebody waits for it. */
  unlinks: Map<string, () => Promise<void>>;
  /** Whether the connection was lost lately in a way that is no logout, so that a 401 may be one of its echoes. */
  isDoubtful: (name: string) => boolean;
  /** DEL_TEMP_INSTANCES. */
  delTemp: boolean;
  clock: Clock;
  log: Log;
}

interface Target {
  instanceId: string;
  name: string;
}

/** For so long after a reset the host may report the end of the socket that was ended. */
const ECHO_MS = 3_000;

const isDisconnect = (trigger: Trigger) => /\(\d/.test(trigger);

/** Decides what becomes of instances, and has it done. */
export class Instances {
  /** By instance, when its session was reset; the host may speak of the old socket for a moment. */
  private readonly resets = new Map<string, number>();
  /** Instances whose 401 is being checked by one reconnect. */
  private readonly checks = new Set<string>();

  constructor(private readonly options: InstancesOptions) {}

  /**
   * Something has happened that made the host clean up.
   *
   * @returns what was decided, when it is done. @throws GuardError GUARD_INSTANCE_BUSY, errors of the database.
   */
  async happened(name: string, trigger: Trigger): Promise<Decision> {
    const { host, delTemp, live, log } = this.options;
    const instance = await host.findByName(name);
    if (!instance) return 'keep';
    if (isDisconnect(trigger) && (this.isEcho(instance.id) || (await this.isChecked(instance, trigger)))) return 'keep';
    const isPaired = await this.isPaired(instance);
    const decision = decide(trigger, isPaired, delTemp);
    log.info({ instance: name, trigger, isPaired, decision }, 'what becomes of an instance was decided');
    const target = { instanceId: instance.id, name };
    switch (decision) {
      case 'reset':
        await this.reset(target, trigger);
        break;
      case 'tombstone':
        this.forget(instance.id);
        await this.options.operations.run('delete', target, { reason: trigger });
        break;
      case 'delete':
        this.forget(instance.id);
        await this.options.operations.run('purge', target, { reason: trigger, isInSight: true });
        break;
      case 'keep':
        if (trigger === 'QR limit') {
          await live.silence(instance.id);
          live.renew(instance.id);
        }
        await this.note(target, trigger);
    }
    return decision;
  }

  /**
   * Somebody wants the session to end: its credentials are set aside first.
   *
   * @param unlink the host's own logout, which tells WhatsApp. @throws what it throws; then nothing was reset.
   */
  async logout(name: string, unlink: () => Promise<void>): Promise<void> {
    const instance = await this.options.host.findByName(name);
    if (!instance) return unlink();
    const { unlinks } = this.options;
    unlinks.set(instance.id, unlink);
    await this.reset({ instanceId: instance.id, name }, 'user logout').finally(() => unlinks.delete(instance.id));
  }

  /** An instance is connected: what was in doubt is not any more. */
  opened(instanceId: string): void {
    this.forget(instanceId);
  }

  /**
   * Brings a deleted instance back.
   *
   * @param as another name; absent: its own.
   * @throws GuardError GUARD_INSTANCE_UNKNOWN, GUARD_INSTANCE_AMBIGUOUS, GUARD_INSTANCE_NAME_TAKEN, GUARD_INSTANCE_BUSY
   */
  async restore(idOrName: string, as?: string): Promise<Tombstone> {
    const { host, operations } = this.options;
    const tombstone = await this.tombstoneOf(idOrName);
    const name = as ?? tombstone.name;
    if (await host.findByName(name)) throw new GuardError('GUARD_INSTANCE_NAME_TAKEN', `It is ${name}.`);
    const target = { instanceId: tombstone.instanceId, name };
    await operations.run('restore', target, { reason: 'somebody asked for it', ...(as !== undefined && { as }) });
    return { ...tombstone, name };
  }

  /** Deletes a deleted instance for good, in the background. @throws GuardError GUARD_INSTANCE_UNKNOWN, GUARD_INSTANCE_AMBIGUOUS, GUARD_INSTANCE_BUSY */
  async purge(idOrName: string, reason = 'somebody asked for it'): Promise<Tombstone> {
    const { operations, log } = this.options;
    const tombstone = await this.tombstoneOf(idOrName);
    const { instanceId, name } = tombstone;
    await new Promise<void>((resolve, reject) => {
      operations.run('purge', { instanceId, name }, { reason }, resolve).catch((error: unknown) => {
        reject(error instanceof Error ? error : new Error(describe(error)));
        log.warn({ instance: name, detail: describe(error) }, 'an instance is not deleted for good');
      });
    });
    return tombstone;
  }

  /** @throws GuardError GUARD_INSTANCE_UNKNOWN, GUARD_INSTANCE_AMBIGUOUS */
  tombstoneOf(idOrName: string): Promise<Tombstone> {
    return findDeleted(this.options.store, idOrName);
  }

  private forget(instanceId: string): void {
    this.checks.delete(instanceId);
    this.resets.delete(instanceId);
  }

  private async reset(target: Target, reason: Trigger): Promise<void> {
    const { operations, clock } = this.options;
    this.checks.delete(target.instanceId);
    await operations.run('logout', target, { reason });
    this.resets.set(target.instanceId, clock.monotonic());
  }

  /** Whether a disconnect is of a socket whose session is being reset, or has just been. */
  private isEcho(instanceId: string): boolean {
    const { operations, clock } = this.options;
    const at = this.resets.get(instanceId);
    return operations.isBusy(instanceId) || (at !== undefined && clock.monotonic() - at < ECHO_MS);
  }

  /** Whether a 401 is first checked by one reconnect with the credentials as they are. */
  private async isChecked(instance: HostInstance, trigger: Trigger): Promise<boolean> {
    const { isDoubtful, live } = this.options;
    if (trigger !== 'logged out (401)' || this.checks.has(instance.id) || !isDoubtful(instance.name)) return false;
    this.checks.add(instance.id);
    await this.note({ instanceId: instance.id, name: instance.name }, trigger, 'checked by a reconnect');
    live.reconnect(instance.id);
    return true;
  }

  /** Only Baileys' channel pairs; the others are what their settings say. */
  private async isPaired({ id, integration, ownerJid }: HostInstance): Promise<boolean> {
    if (integration !== null && integration !== 'WHATSAPP-BAILEYS') return true;
    return ownerJid !== null || this.options.host.wasPaired(id);
  }

  private async note({ instanceId, name }: Target, reason: Trigger, event = 'kept'): Promise<void> {
    const { store, log } = this.options;
    await store.note({ instanceId, name, event, reason }).catch((error: unknown) => {
      log.warn({ detail: describe(error) }, 'the history of an instance lacks a line');
    });
  }
}
