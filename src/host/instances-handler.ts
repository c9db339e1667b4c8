import { describe } from '../core/errors';
import type { Log } from '../core/log';
import type { Decision, Trigger } from '../instances/decisions';
import type { InstanceEvent, InstanceHandler, Request } from './instances-join';
import type { Monitor } from './shapes';

export interface InstancesHandlerOptions {
  monitor: Monitor;
  isGuarded: (instance: string) => boolean;
  /** What becomes of it, when that is done. */
  happened: (instance: string, trigger: Trigger) => Promise<Decision>;
  logout: (instance: string, unlink: () => Promise<void>) => Promise<void>;
  /** What the last disconnect of an instance was. */
  lastDisconnect: (instance: string) => Trigger;
  /** DEL_INSTANCE in milliseconds; nothing: no timer. */
  delInstanceMs: number | undefined;
  /** DEL_TEMP_INSTANCES: without it no timer takes anything away, so none is begun. */
  delTemp: boolean;
  hasChatwoot: boolean;
  log: Log;
}

interface Channel {
  sendDataWebhook?: (event: string, data: unknown) => Promise<unknown>;
  clearCacheChatwoot?: () => unknown;
  connectionStatus?: { state?: unknown };
  instanceId?: unknown;
}

/** For so long the answer to a delete waits until the instance is out of sight. It goes on in any case. */
const PATIENCE_MS = 5_000;
const MINUTE_MS = 60_000;

/** Turns what the host tells into what becomes of an instance, and tells the receivers of its events as the host would. */
export class InstancesHandler implements InstanceHandler {
  /** Deletes that are under way, by name; what is waited for is that the instance is out of sight. */
  private readonly deletes = new Map<string, { done: Promise<unknown>; unloaded: (instanceId: string) => void }>();

  /** DEL_INSTANCE, of instances that were just made. */
  private readonly timers = new Map<string, NodeJS.Timeout>();

  constructor(private readonly options: InstancesHandlerOptions) {}

  event(event: InstanceEvent, instance: string, request: Request | undefined, stock: () => unknown): void {
    const { isGuarded, lastDisconnect } = this.options;
    if (!isGuarded(instance)) return void stock();
    switch (event) {
      case 'logout.instance':
        return void this.end(instance, lastDisconnect(instance), event);
      case 'remove.instance':
        return this.remove(instance, request, event);
      case 'no.connection':
        return void this.end(instance, 'QR limit', event);
    }
  }

  /** An instance was taken out of memory. */
  unloaded(instanceId: string): void {
    for (const each of this.deletes.values()) each.unloaded(instanceId);
  }

  async deleted(instance: string): Promise<void> {
    const under = this.deletes.get(instance);
    if (!under) return;
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise((resolve) => (timer = setTimeout(resolve, PATIENCE_MS)));
    await Promise.race([under.done, patience]);
    clearTimeout(timer);
  }

  logout(instance: string, stock: () => Promise<void>): Promise<void> {
    if (!this.options.isGuarded(instance)) return stock();
    return this.options.logout(instance, stock);
  }

  created(instance: string, stock: () => void): void {
    const { isGuarded, delInstanceMs, delTemp } = this.options;
    if (!isGuarded(instance)) return stock();
    this.clearTimer(instance);
    if (!delTemp || delInstanceMs === undefined) return;
    const timer = setTimeout(() => {
      this.timers.delete(instance);
      if (this.channel(instance)?.connectionStatus?.state !== 'open')
        this.remove(instance, undefined, 'remove.instance');
    }, delInstanceMs);
    this.timers.set(instance, timer.unref());
  }

  private clearTimer(instance: string): void {
    clearTimeout(this.timers.get(instance));
    this.timers.delete(instance);
  }

  private remove(instance: string, request: Request | undefined, event: InstanceEvent): void {
    const trigger =
      request === 'delete' ? 'user delete' : request === 'create' ? 'create failed' : 'DEL_INSTANCE timer';
    const instanceId = this.channel(instance)?.instanceId;
    let unloaded: (instanceId: string) => void = () => undefined;
    const gone = new Promise<void>((resolve) => {
      unloaded = (id) => id === instanceId && resolve();
    });
    const ended = this.end(instance, trigger, event);
    const under = { done: Promise.race([gone, ended]), unloaded };
    this.deletes.set(instance, under);
    // Another one of that name may have been made and deleted meanwhile.
    void ended.then(() => this.deletes.get(instance) === under && this.deletes.delete(instance));
  }

  /** Never rejects. */
  private async end(instance: string, trigger: Trigger, event: InstanceEvent): Promise<void> {
    const { happened, hasChatwoot, log } = this.options;
    const channel = this.channel(instance);
    try {
      const decision = await happened(instance, trigger);
      if (decision === 'keep') return;
      this.clearTimer(instance);
      if (hasChatwoot) channel?.clearCacheChatwoot?.();
      await channel?.sendDataWebhook?.(event, null);
    } catch (error) {
      log.error({ instance, trigger, detail: describe(error) }, 'what becomes of an instance could not be seen to');
    }
  }

  private channel(instance: string): Channel | undefined {
    return (this.options.monitor.waInstances[instance] as Channel | null | undefined) ?? undefined;
  }
}

/** @param minutes DEL_INSTANCE as the host reads it: a number, or false. */
export const delInstanceMs = (minutes: unknown): number | undefined =>
  typeof minutes === 'number' && minutes > 0 ? minutes * MINUTE_MS : undefined;
