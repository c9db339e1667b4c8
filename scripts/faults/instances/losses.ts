import type { Counts } from './estate';
import type { InstanceHost } from './instance-host';
import type { Losses, Stage } from './scenario';
import { until } from './until';

/** Rows that some of these instances had and have no more. */
export function rowsLost(ids: readonly string[], before: Map<string, Counts>, after: Map<string, Counts>): number {
  const lostOf = (id: string) => {
    const now = after.get(id) ?? {};
    return Object.entries(before.get(id) ?? {}).map(([table, count]) => Math.max(0, count - (now[table] ?? 0)));
  };
  return ids.flatMap(lostOf).reduce((sum, lost) => sum + lost, 0);
}

/** Those of these instances that a host has not loaded. */
export async function notLoaded(ids: readonly string[], host: InstanceHost): Promise<string[]> {
  const seen = Object.values(await host.look());
  const loaded = new Set(seen.filter(({ memory }) => memory !== undefined).map(({ id }) => id));
  return ids.filter((id) => !loaded.has(id));
}

/**
 * Connects instances, whose names are their ids, by scanning their codes.
 *
 * @returns those that were refused on the way, or showed no code, or are not open.
 */
export async function notConnectable(
  { whatsApp }: Stage,
  ids: readonly string[],
  host: InstanceHost,
): Promise<string[]> {
  const connect = async (id: string) => {
    whatsApp.takeMeetings(id);
    await host.ask('connect', { name: id });
    const met = () => whatsApp.met(id);
    await until(`${id} meets WhatsApp`, () => met().length > 0);
    if (met()[0] !== 'qr') return false;
    whatsApp.scan(id);
    await until(`${id} is open or refused`, () => met().some((meeting) => meeting === 'open' || meeting === 'refused'));
    return met().join() === 'qr,open';
  };
  const results = await Promise.all(ids.map(async (id) => ((await connect(id)) ? [] : [id])));
  return results.flat();
}

/** Resolves when the session of each of these was reset. */
export async function untilReset({ store }: Stage, ids: readonly string[]): Promise<void> {
  const isReset = async (id: string) => {
    const lines = await store.history(id, Number.MAX_SAFE_INTEGER, 20);
    return lines.some(({ event }) => event === 'session reset');
  };
  await until('all are reset', async () => (await Promise.all(ids.map(isReset))).every(Boolean));
}

export async function untilOpen({ whatsApp }: Stage, ids: readonly string[]): Promise<void> {
  await until('all are open', () => ids.every((id) => whatsApp.openLines(id) > 0));
}

/** Resolves when each of these is as it should be in that host. */
export async function untilIn(host: InstanceHost, ids: readonly string[], memory: string): Promise<void> {
  await until(`all are ${memory} in the host`, async () => {
    const seen = new Map(Object.values(await host.look()).map((each) => [each.id, each.memory]));
    return ids.every((id) => seen.get(id) === memory);
  });
}

export function sum(losses: readonly Losses[]): Losses {
  const of = (key: keyof Losses) => losses.reduce((total, each) => total + each[key], 0);
  return { logouts: of('logouts'), instancesLost: of('instancesLost'), rowsLost: of('rowsLost') };
}
