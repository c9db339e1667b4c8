import { notConnectable, rowsLost, untilOpen } from '../losses';
import type { Scenario } from '../scenario';
import { until } from '../until';

/** Two processes on one database. One of them has the instances, and dies in the midst of its work; the other finishes it. */
export const twoProcesses = (count = 5): Scenario => ({
  name: 'two-processes',
  database: 'postgres',
  alsoStock: false,
  async run(stage) {
    const { estate, whatsApp, store, settled, endLeases, note } = stage;
    const ids = await estate.fill('shop', 3 * count, { messages: 20, isPaired: true });
    const [ended, dying, deleted] = [ids.slice(0, count), ids.slice(count, 2 * count), ids.slice(2 * count)];
    const before = await estate.count();
    const host = await stage.host();
    const other = await stage.host({ name: 'b', loads: false });
    await untilOpen(stage, ids);
    for (const id of ended) whatsApp.revoke(id);
    const states = async (of: typeof host) => Object.values(await of.look()).map(({ id, told }) => `${id} ${told}`);
    await until('the states are written', async () => {
      const all = await states(host);
      return ended.every((id) => all.some((text) => text.startsWith(`${id} `) && text.endsWith(' close')));
    });
    await settled();
    const [own, others] = [(await states(host)).sort().join(), (await states(other)).sort().join()];
    if (own !== others) throw new Error(`one process sees ${own}, the other ${others}`);

    for (const id of dying) await host.ask('hold', { id, point: 'behind logout archive' });
    for (const id of deleted) await host.ask('hold', { id, point: 'within delete hide' });
    for (const id of dying) whatsApp.revoke(id);
    for (const name of deleted) host.tell('delete', { name });
    await host.untilHeld(2 * count);
    await host.kill();
    await endLeases();
    const from = performance.now();
    await settled();
    note(
      `the other process had finished all ${((performance.now() - from) / 1000).toFixed(1)} s after the leases had ended`,
    );
    await host.start();
    const buried = (await store.tombstones()).map(({ instanceId }) => instanceId);
    const seen = Object.values(await host.look()).map(({ id }) => id);
    const wrong = deleted.filter((id) => !buried.includes(id) || seen.includes(id));
    const refused = await notConnectable(stage, [...ended, ...dying], host);
    return {
      logouts: ended.length + dying.length + deleted.length,
      instancesLost: wrong.length + refused.length,
      rowsLost: rowsLost(ids, before, await estate.count()),
    };
  },
});
