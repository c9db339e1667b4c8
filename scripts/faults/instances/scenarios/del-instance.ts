import { setTimeout as sleep } from 'node:timers/promises';
import { notLoaded, rowsLost, untilOpen, untilReset } from '../losses';
import type { Losses, Scenario, Stage } from '../scenario';

/** A second, in minutes. */
const DEL_INSTANCE = 1 / 60;
const LONG_AFTER_MS = 2_500;

/** DEL_INSTANCE runs out for instances that are not connected: of those that were paired none goes, whatever the setting. */
export const delInstance = (count = 10): Scenario => ({
  name: 'del-instance',
  database: 'postgres',
  alsoStock: true,
  async run(stage) {
    const { estate, store, note } = stage;
    const paired = await estate.fill('paired', count, { messages: 20, isPaired: true });
    const fresh = await estate.fill('fresh', count, { messages: 5, isPaired: false });
    const before = await estate.count();
    const first = await timeOut(stage, [...paired, ...fresh], false);
    const kept = await losses(stage, [...paired, ...fresh], before, first.missing);
    note(`DEL_TEMP_INSTANCES=false: ${first.missing.length} of ${2 * count} are out of sight`);
    if (stage.isStock) return kept;

    const second = await timeOut(stage, [...paired, ...fresh], true);
    const hidden = (await store.tombstones()).map(({ instanceId }) => instanceId);
    note(`DEL_TEMP_INSTANCES=true: hidden are ${hidden.length} of ${count} that were never paired`);
    if (!fresh.every((id) => hidden.includes(id))) throw new Error('instances that were never paired are not hidden');
    const wrongly = second.missing.filter((id) => paired.includes(id));
    const then = await losses(stage, [...paired, ...fresh], before, wrongly);
    return {
      logouts: kept.logouts,
      instancesLost: kept.instancesLost + then.instancesLost,
      rowsLost: Math.max(kept.rowsLost, then.rowsLost),
    };
  },
});

/** @returns those that the next start does not load. */
async function timeOut(stage: Stage, ids: readonly string[], delTemp: boolean): Promise<{ missing: string[] }> {
  const { whatsApp, settled } = stage;
  const paired = ids.filter((id) => id.startsWith('paired'));
  const host = await stage.host({ name: `del-temp-${delTemp}`, delTemp, delInstanceMinutes: DEL_INSTANCE });
  if (!delTemp) {
    await untilOpen(stage, paired);
    for (const id of paired) whatsApp.revoke(id);
    if (!stage.isStock) await untilReset(stage, paired);
    await settled();
  }
  for (const name of ids) await host.ask('time', { name });
  await sleep(LONG_AFTER_MS);
  await settled();
  await host.stop();
  await host.start();
  const missing = await notLoaded(ids, host);
  await host.stop();
  return { missing };
}

async function losses(
  { estate }: Stage,
  ids: readonly string[],
  before: Parameters<typeof rowsLost>[1],
  missing: readonly string[],
): Promise<Losses> {
  return {
    logouts: ids.filter((id) => id.startsWith('paired')).length,
    instancesLost: missing.length,
    rowsLost: rowsLost(ids, before, await estate.count()),
  };
}
