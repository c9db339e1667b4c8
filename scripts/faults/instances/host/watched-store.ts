import type { InstanceStore } from '../../../../src/stores/instance-store';

/**
 * The store, with somebody looking on who may hold work up for ever. Points are `before <kind> <step>`, where the step is
 * written down and not begun, `behind <kind> <step>`, where it is done and that is not written down, and `within delete hide`.
 *
 * @param passed awaited; told of each point with the instance.
 */
export function watchStore(
  store: InstanceStore,
  passed: (point: string, instanceId: string) => Promise<void>,
): InstanceStore {
  const open = new Map<string, { instanceId: string; kind: string; step: string }>();
  const at = async (where: 'before' | 'behind', id: string) => {
    const work = open.get(id);
    if (work) await passed(`${where} ${work.kind} ${work.step}`, work.instanceId);
  };
  return {
    ...store,
    async begin(operation, owner, leaseMs) {
      const other = await store.begin(operation, owner, leaseMs);
      if (other) return other;
      open.set(operation.id, operation);
      await at('before', operation.id);
      return undefined;
    },
    async adopt(owner, leaseMs, limit) {
      const found = await store.adopt(owner, leaseMs, limit);
      for (const operation of found) open.set(operation.id, operation);
      return found;
    },
    async advance(id, owner, step, data, leaseMs) {
      await at('behind', id);
      const isOurs = await store.advance(id, owner, step, data, leaseMs);
      const work = open.get(id);
      if (work) open.set(id, { ...work, step });
      await at('before', id);
      return isOurs;
    },
    async end(id, owner, error) {
      await at('behind', id);
      open.delete(id);
      return store.end(id, owner, error);
    },
    async bury(tombstone, retentionMs) {
      await store.bury(tombstone, retentionMs);
      await passed('within delete hide', tombstone.instanceId);
    },
  };
}
