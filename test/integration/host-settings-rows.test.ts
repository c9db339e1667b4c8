import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createLog } from '../../src/core/log';
import type { HostSettingsRows, TableRows } from '../../src/stores/host-settings-rows';
import { openHostSettingsRows } from '../../src/stores/open-host-settings-rows';
import { createHostTables, fillHostTables, hostRows } from '../helpers/host-settings-tables';
import { DATABASES, type TestSession } from '../helpers/test-store';

interface Side {
  url: string;
  session: TestSession;
  rows: HostSettingsRows;
}

describe.each(DATABASES)('settings of instances, on $kind,', ({ create }) => {
  const sides: Side[] = [];
  let from: Side;
  let to: Side;

  async function open(): Promise<Side> {
    const url = await create();
    const side = {
      url,
      session: await createHostTables(url),
      rows: openHostSettingsRows({ uri: url, log: createLog('silent') }),
    };
    sides.push(side);
    return side;
  }

  const all = (dumped: Map<string, TableRows[]>) => [...dumped.values()].flat();
  const count = async ({ url, session }: Side) => Object.values(await hostRows(url, session)).flat().length;

  beforeEach(async () => {
    [from, to] = [await open(), await open()];
    await fillHostTables(from.url, from.session, ['shop', 'desk']);
  });

  afterEach(async () => {
    for (const { session, rows } of sides.splice(0)) {
      await rows.stop();
      await session.close();
    }
  });

  it('come into another database as they were, in every column', async () => {
    const dumped = await from.rows.dump(['i-shop', 'i-desk', 'i-gone']);
    expect([...dumped.keys()].sort()).toEqual(['i-desk', 'i-shop']);
    const order = dumped.get('i-shop')?.map(({ table, rows }) => `${table} ${rows.length}`) ?? [];
    expect([...order].sort()).toEqual(['Assistant 2', 'AssistantSetting 1', 'Instance 1', 'Session 1']);
    expect(order[0]).toBe('Instance 1');
    expect(order.indexOf('AssistantSetting 1')).toBeGreaterThan(order.indexOf('Assistant 2'));
    const carried = JSON.parse(JSON.stringify(all(dumped))) as TableRows[];
    expect(await to.rows.homeless(carried)).toEqual([]);
    await to.rows.load(carried);
    expect(await hostRows(to.url, to.session)).toEqual(await hostRows(from.url, from.session));
  });

  it('are those of the instances that were asked for', async () => {
    await to.rows.load(all(await from.rows.dump(['i-desk'])));
    const [instance, ...others] = (await hostRows(to.url, to.session))['Instance'] ?? [];
    expect([JSON.stringify(instance), others]).toEqual([expect.stringContaining('i-desk'), []]);
  });

  it('are all there or none of them', async () => {
    const tables = all(await from.rows.dump(['i-shop', 'i-desk']));
    await fillHostTables(to.url, to.session, ['desk']);
    const before = await hostRows(to.url, to.session);
    await expect(to.rows.load(tables)).rejects.toMatchObject({ code: 'GUARD_BACKUP_OCCUPIED' });
    const wrong = { table: 'Session', rows: [{ id: 'x', sessionId: 'nobody', createdAt: '2026-01-01 00:00:00' }] };
    const free = all(await from.rows.dump(['i-shop']));
    await expect(to.rows.load([...free, wrong])).rejects.toThrow();
    expect(await hostRows(to.url, to.session)).toEqual(before);
    await to.rows.load(free);
    expect(await count(to)).toBe(await count(from));
  });

  it('of another version of the host come without what there is no place for, and it is told', async () => {
    const tables = all(await from.rows.dump(['i-shop']));
    const [instance] = tables[0]?.rows ?? [];
    Object.assign(instance ?? {}, { colour: 'red', shade: null });
    delete instance?.['createdAt'];
    const given = [...tables, { table: 'Colour', rows: [{ id: '1' }] }];
    expect(await to.rows.homeless(given)).toEqual(['Colour', 'Instance.colour']);
    await to.rows.load(given);
    expect(await count(to)).toBe((await count(from)) / 2);
  });

  it('that are too long for their column are refused, not cut off', async () => {
    const tables = all(await from.rows.dump(['i-shop']));
    const assistant = tables.find(({ table }) => table === 'Assistant')?.rows[0];
    Object.assign(assistant ?? {}, { short: 'longer than five' });
    await expect(to.rows.load(tables)).rejects.toThrow();
    expect(await count(to)).toBe(0);
  });

  it('have no place in a database that is not the host’s', async () => {
    const empty = openHostSettingsRows({ uri: await create(), log: createLog('silent') });
    const failure = { code: 'GUARD_BACKUP_FOREIGN' };
    await expect(empty.load(all(await from.rows.dump(['i-shop'])))).rejects.toMatchObject(failure);
    await expect(empty.dump(['i-shop'])).rejects.toMatchObject(failure);
    await empty.stop();
  });
});
