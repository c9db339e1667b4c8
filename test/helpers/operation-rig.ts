import { Operations, type Kind, type Plans, type Step } from '../../src/instances/operations';
import { createMetrics } from '../../src/metrics/metrics';
import { MemoryOperations } from './memory-operations';
import { recordingLog } from './recording-log';

export const shop = { instanceId: 'id-shop', name: 'shop' };
export const instance = (number: number) => ({ instanceId: `id-${number}`, name: `shop ${number}` });
export const nothing = () => Promise.resolve();

/** Something that is held until somebody lets it go. */
export function gate() {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { open, opened };
}

/** Processes that work on instances, on one database in memory. */
export function operationRig() {
  const log = recordingLog();
  const database = { current: new MemoryOperations() };
  const running: Operations[] = [];
  let ids = 0;
  return {
    log,
    database,

    /** A process whose work of each kind has these steps, on the same database as the others of the test. */
    process: (owner: string, steps: readonly Step[], metrics = createMetrics()): Operations => {
      const plans: Plans = { logout: steps, delete: steps, restore: steps, purge: steps } satisfies Record<
        Kind,
        unknown
      >;
      const operations = new Operations({
        ...{ store: database.current.store, plans, owner, newId: () => `operation-${(ids += 1)}` },
        ...{ clock: { now: () => 0, monotonic: () => 0 }, random: () => 0, log, metrics },
      });
      running.push(operations);
      return operations;
    },

    clear: async (): Promise<void> => {
      await Promise.all(running.splice(0).map((each) => each.stop()));
      database.current = new MemoryOperations();
      log.lines.length = 0;
    },
  };
}
