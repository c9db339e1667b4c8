import { afterEach, describe, expect, it } from '@jest/globals';
import { EventEmitter, once } from 'node:events';
import { systemClock } from '../../src/core/clock';
import { PartitionLeases } from '../../src/events/leases';
import { createMetrics } from '../../src/metrics/metrics';
import { PARTITIONS, type Lease } from '../../src/stores/outbox-store';
import { recordingLog } from '../helpers/recording-log';

/** The leases of one process, as the database keeps them while nobody else asks for any. */
function memoryLeases() {
  const own = new Set<number>();
  return {
    processes: 1,
    failures: 0,
    enlist(): Promise<number> {
      return Promise.resolve(this.processes);
    },
    lease(_owner: string, _leaseMs: number, most: number): Promise<Lease[]> {
      for (let partition = 0; partition < PARTITIONS && own.size < most; partition += 1) own.add(partition);
      return Promise.resolve([...own].map((partition) => ({ partition, epoch: 1 })));
    },
    release(_owner: string, partitions: readonly number[]): Promise<void> {
      this.failures += 1;
      if (this.failures === 1) return Promise.reject(new Error('the database is away'));
      for (const partition of partitions) own.delete(partition);
      return Promise.resolve();
    },
    resign: () => Promise.resolve(),
  };
}

describe('leases of partitions', () => {
  let leases: PartitionLeases;
  afterEach(() => leases.stop());

  it('what is given up is told to the relays also when the database failed in the middle', async () => {
    const store = memoryLeases();
    const told = new EventEmitter();
    const parts = { clock: systemClock, random: () => 0, log: recordingLog(), metrics: createMetrics() };
    const changed = () => told.emit('changed');
    leases = new PartitionLeases({ ...parts, store, owner: 'me', changed, isBusy: () => false });
    leases.start();
    await once(told, 'changed');
    store.processes = 2;
    await once(told, 'changed');
    expect(leases.held()).toHaveLength(PARTITIONS / 2);
  });
});
