import type { InstanceOperation } from '../../../../src/stores/instance-store';
import type { DatabaseName } from '../../database-server';
import { textsOf } from '../credential-texts';
import type { InstanceHost } from '../instance-host';
import { notConnectable, notLoaded, rowsLost, untilIn, untilOpen } from '../losses';
import type { Losses, Scenario, Stage } from '../scenario';
import { sum } from '../losses';

type Kind = InstanceOperation['kind'];
type Before = Awaited<ReturnType<Stage['estate']['count']>>;

/** More than any kind of work has points. */
const MOST_POINTS = 14;

/**
 * A host is killed with SIGKILL right before and right behind each step of a logout, a delete, a restore and a purge: of each
 * kind there is an instance for each point, whose work is held there, and when all are held the process is killed. The next
 * start finishes all of it.
 */
export const killSteps = (
  database: DatabaseName = 'postgres',
  kinds: readonly Kind[] = ['logout', 'delete', 'restore', 'purge'],
): Scenario => ({
  name: database === 'postgres' ? 'kill-steps' : 'mariadb-kill-steps',
  database,
  alsoStock: false,
  async run(stage) {
    const { estate, sql, note } = stage;
    const filling = { messages: 20, isPaired: true };
    for (const kind of kinds) await estate.fill(kind, MOST_POINTS, filling);
    const [first = '', second = ''] = await estate.fill('learn', 2, filling);
    // Those that are not connected keep their credentials when they are deleted.
    await sql.query(`UPDATE "Instance" SET "connectionStatus" = 'close' WHERE "id" NOT LIKE 'logout-%'`);
    const before = await estate.count();
    const host = await stage.host();
    const points = await learn(stage, host, first, second);
    const losses: Losses[] = [];
    for (const kind of kinds) {
      const own = points.filter((point) => point.split(' ')[1] === kind);
      const ids = own.map((_, place) => `${kind}-${place + 1}`);
      losses.push(await killAt(stage, host, kind, ids, own, before));
    }
    note(`killed at ${points.length} points: ${kinds.join(', ')}, before and behind each step`);
    return sum(losses);
  },
});

/** Does everything once. @returns the points that work comes to. */
async function learn({ settled }: Stage, host: InstanceHost, first: string, second: string): Promise<string[]> {
  await host.ask('connect', { name: first });
  await untilIn(host, [first], 'open');
  await host.ask('logout', { name: first });
  await host.ask('delete', { name: first });
  await settled();
  await host.ask('restore', { id: first });
  await host.ask('delete', { name: second });
  await settled();
  await host.ask('purge', { id: second });
  await settled();
  return [...new Set(host.points.map(({ point }) => point))];
}

async function killAt(
  stage: Stage,
  host: InstanceHost,
  kind: Kind,
  ids: readonly string[],
  points: readonly string[],
  before: Before,
): Promise<Losses> {
  const { whatsApp, credentials, settled, endLeases } = stage;
  if (ids.length > MOST_POINTS) throw new Error(`a ${kind} has ${ids.length} points`);
  const known = await textsOf((id) => credentials.read(id), ids);
  if (kind === 'logout') await untilOpen(stage, ids);
  if (kind === 'restore' || kind === 'purge') {
    for (const name of ids) await host.ask('delete', { name });
    await settled();
  }
  for (const [place, id] of ids.entries()) await host.ask('hold', { id, point: points[place] ?? '' });
  for (const id of ids) {
    if (kind === 'logout') whatsApp.revoke(id);
    else if (kind === 'delete') host.tell('delete', { name: id });
    else host.tell(kind, { id });
  }
  await host.untilHeld(ids.length);
  await host.kill();
  await endLeases();
  await host.start();
  await settled();
  return CHECKS[kind](stage, host, ids, before, known);
}

type Check = (
  stage: Stage,
  host: InstanceHost,
  ids: readonly string[],
  before: Before,
  known: ReadonlyMap<string, string>,
) => Promise<Losses>;

/** Whether it is as it would be if nobody had been killed. */
const CHECKS: Readonly<Record<Kind, Check>> = {
  async logout(stage, host, ids, before) {
    const gone = await notLoaded(ids, host);
    const refused = await notConnectable(stage, ids.filter((id) => !gone.includes(id)), host); // prettier-ignore
    const archives = await Promise.all(ids.map((id) => stage.store.archives(id)));
    const without = ids.filter((_, place) => archives[place]?.length !== 1);
    return lost(stage, ids, before, ids.length, [...gone, ...refused, ...without]);
  },

  async delete(stage, host, ids, before, known) {
    const hidden = await notLoaded(ids, host);
    for (const id of hidden) await host.ask('restore', { id });
    return back(stage, host, ids, before, known, ids.filter((id) => !hidden.includes(id))); // prettier-ignore
  },

  restore: (stage, host, ids, before, known) => back(stage, host, ids, before, known, []),

  async purge({ estate, store }, host, ids, before) {
    const after = await estate.count();
    const left = ids.filter((id) => after.has(id));
    const buried = (await store.tombstones()).filter(({ instanceId }) => ids.includes(instanceId));
    const loaded = ids.length - (await notLoaded(ids, host)).length;
    if (left.length + buried.length + loaded > 0)
      throw new Error(`of ${ids.length} purges ${left.length} left rows, ${buried.length} a tombstone`);
    const others = [...before.keys()].filter((id) => !ids.includes(id) && !id.startsWith('learn'));
    return { logouts: 0, instancesLost: 0, rowsLost: rowsLost(others, before, after) };
  },
};

/** Whether all are back, with one connection by the credentials that they had. @param wrong those known as lost. */
async function back(
  stage: Stage,
  host: InstanceHost,
  ids: readonly string[],
  before: Before,
  known: ReadonlyMap<string, string>,
  wrong: readonly string[],
): Promise<Losses> {
  const { credentials, whatsApp } = stage;
  const gone = await notLoaded(ids, host);
  await untilOpen(stage, ids);
  await untilIn(host, ids.filter((id) => !gone.includes(id)), 'open'); // prettier-ignore
  const now = await textsOf((id) => credentials.read(id), ids);
  const changed = ids.filter((id) => now.get(id) !== known.get(id));
  const twice = ids.filter((id) => whatsApp.openLines(id) !== 1);
  return lost(stage, ids, before, 0, [...wrong, ...gone, ...changed, ...twice]);
}

async function lost(
  { estate, note }: Stage,
  ids: readonly string[],
  before: Before,
  logouts: number,
  wrong: readonly string[],
): Promise<Losses> {
  const all = new Set(wrong);
  if (all.size > 0) note(`lost: ${[...all].join(', ')}`);
  return { logouts, instancesLost: all.size, rowsLost: rowsLost(ids, before, await estate.count()) };
}
