import { setTimeout as sleep } from 'node:timers/promises';
import type { Host } from '../host';
import { limitDisk } from '../limited-disk';
import type { Scenario } from '../scenario';

/** Of the spill file, for a fifth of all events. */
const BYTES_PER_EVENT = 180;
const LEAST_BYTES = 16 * 1024;
const PER_SECOND = 1_000;
const STILL_MS = 3_000;

/**
 * The database goes away, and the disk takes some of the events; then it is full and emits are not acknowledged any more,
 * until the database is back.
 */
export const diskFull: Scenario = {
  name: 'disk-full',
  database: 'postgres',
  weight: 1,
  async run({ events, database, spillFolder, host: startHost, note }) {
    const { wrapper, how } = await limitDisk(spillFolder('a'), Math.max(LEAST_BYTES, events * BYTES_PER_EVENT));
    const host = await startHost({ wrapper });
    const before = Math.ceil(events / 5);
    host.emit(before, PER_SECOND);
    await host.untilAcknowledged(before);
    await database.kill();
    host.emit(Math.ceil((events * 4) / 5), PER_SECOND);
    await untilStill(host);
    const spilled = host.acknowledged.size - before;
    if (spilled === 0 || host.outstanding === 0) throw new Error(`the disk took ${spilled} events and was not full`);
    note(`${spilled} events went to the disk (${how}), then ${host.outstanding} waited in memory for the database`);
    await database.restart();
    host.emit(events, PER_SECOND);
    await host.untilAcknowledged(events);
  },
};

/** Resolves when events wait and none has been acknowledged for a while. */
async function untilStill({ acknowledged }: Host): Promise<void> {
  for (let before = -1; acknowledged.size !== before;) {
    before = acknowledged.size;
    await sleep(STILL_MS);
  }
}
