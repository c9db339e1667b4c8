import { GuardError } from '../core/errors';
import type { HostInstance, HostRows } from './host-rows';
import type { InstanceStore, StateRecord, Tombstone } from './instance-store';

export interface ReadingStores {
  store: InstanceStore;
  host: HostRows;
}

/** One that is there, or one that was deleted and is kept. */
export type Known = { row: HostInstance; state: StateRecord | undefined } | { tombstone: Tombstone };

/** All instances of an installation by name, then those that were deleted, the newest first. */
export async function listInstances({ store, host }: ReadingStores, clientName: string): Promise<Known[]> {
  const rows = await host.list(clientName);
  const states = new Map((await store.states(rows.map(({ id }) => id))).map((state) => [state.instanceId, state]));
  const deleted = await store.tombstones();
  return [...rows.map((row) => ({ row, state: states.get(row.id) })), ...deleted.map((tombstone) => ({ tombstone }))];
}

/**
 * Of a name the one that is there comes before those that were deleted.
 *
 * @throws GuardError GUARD_INSTANCE_UNKNOWN, GUARD_INSTANCE_AMBIGUOUS
 */
export async function findInstance({ store, host }: ReadingStores, idOrName: string): Promise<Known> {
  const tombstones = await store.findTombstones(idOrName);
  const row = (await host.findByName(idOrName)) ?? (await host.findById(idOrName));
  if (row && !tombstones.some(({ instanceId }) => instanceId === row.id)) {
    const [state] = await store.states([row.id]);
    return { row, state };
  }
  return { tombstone: onlyOf(tombstones, idOrName) };
}

/**
 * A deleted one, whatever has its name now.
 *
 * @throws GuardError GUARD_INSTANCE_UNKNOWN, GUARD_INSTANCE_AMBIGUOUS
 */
export async function findDeleted(store: Pick<InstanceStore, 'findTombstones'>, idOrName: string): Promise<Tombstone> {
  return onlyOf(await store.findTombstones(idOrName), idOrName, 'No deleted instance is called');
}

function onlyOf(tombstones: readonly Tombstone[], idOrName: string, what = 'No instance is called'): Tombstone {
  const [tombstone, ...others] = tombstones;
  if (!tombstone) throw new GuardError('GUARD_INSTANCE_UNKNOWN', `${what} ${idOrName}.`);
  if (others.length === 0) return tombstone;
  const ids = tombstones.map(({ instanceId }) => instanceId).join(', ');
  throw new GuardError('GUARD_INSTANCE_AMBIGUOUS', `Those of ${idOrName}: ${ids}.`);
}
