import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomBytes, randomUUID } from 'node:crypto';
import type { ArchiveRecord, InstanceStore, Tombstone } from '../../src/stores/instance-store';
import { DATABASES, isMariadb, openTestStore, type TestStore } from '../helpers/test-store';

const STRANGE = 'é ß 漢字 👩‍👩‍👧 \\ \' " ` % _ \u0001 \r\n\t \u2028 ?, ; -- /* $1 {schema}';
const MEBIBYTE = 1024 * 1024;
const DAY_MS = 86_400_000;

describe.each(DATABASES)('archives and tombstones in $kind', ({ create }) => {
  let store: TestStore;
  let instances: InstanceStore;

  beforeAll(async () => {
    store = await openTestStore(await create());
    ({ instances } = store);
  });

  afterAll(() => store.close());

  const archive = async (fields: Partial<ArchiveRecord> = {}, body = Buffer.from('sealed')) => {
    const record = {
      id: randomUUID(),
      instanceId: 'shop',
      name: 'shop',
      reason: 'logout',
      isEncrypted: true,
      ...fields,
    };
    await instances.archive(record, body);
    return record;
  };
  const numberOf = async (table: string) =>
    Number((await store.query<{ number: number }>(`SELECT COUNT(*) AS number FROM {${table}}`))[0]?.number);
  /** As time would do it. */
  const setTime = (table: string, column: string, ms: number, where: string) => {
    const time = isMariadb(store.url) ? String(ms) : `to_timestamp(${ms} / 1000.0)`;
    return store.query(`UPDATE {${table}} SET ${column} = ${time} WHERE ${where}`);
  };

  it('keeps credentials of twenty megabytes byte for byte, in rows of a mebibyte at most', async () => {
    const body = randomBytes(20_000_000);
    const record = await archive({ instanceId: STRANGE, name: STRANGE, reason: STRANGE }, body);
    const found = await instances.readArchive(record.id);
    expect(found?.record).toEqual({ ...record, bytes: body.length, takenAt: expect.any(Number) });
    expect(found?.body.equals(body)).toBe(true);
    const [part] = await store.query<{ most: number }>(
      'SELECT MAX(OCTET_LENGTH(body)) AS most FROM {credential_archive_part}',
    );
    expect(Number(part?.most)).toBe(MEBIBYTE);
    expect(await instances.archives(STRANGE)).toEqual([found?.record]);
    expect(await instances.readArchive(randomUUID())).toBeUndefined();
  });

  it.each([0, 1, MEBIBYTE, MEBIBYTE + 1])('keeps credentials of %d bytes', async (bytes) => {
    const body = randomBytes(bytes);
    const { id } = await archive({ isEncrypted: false }, body);
    const found = await instances.readArchive(id);
    expect(found?.record).toMatchObject({ bytes, isEncrypted: false });
    expect(found?.body.equals(body)).toBe(true);
  });

  it('takes the repeat of an archive whose answer was lost for the same, also while the first is under way', async () => {
    const body = randomBytes(3 * MEBIBYTE);
    const record = { id: randomUUID(), instanceId: 'twice', name: 'shop', reason: 'logout', isEncrypted: true };
    await Promise.all([instances.archive(record, body), instances.archive(record, body)]);
    await instances.archive(record, Buffer.from('another'));
    expect((await instances.readArchive(record.id))?.body.equals(body)).toBe(true);
    expect(await instances.archives('twice')).toHaveLength(1);
  });

  it('keeps nothing of an archive that fails in its middle', async () => {
    const id = randomUUID();
    const blocker = `INSERT INTO {credential_archive_part} (archive_id, part, body) VALUES ('${id}', 2, 'x')`;
    await store.query(blocker);
    await expect(archive({ id }, randomBytes(4 * MEBIBYTE))).rejects.toThrow(/duplicate/i);
    expect(await instances.archives('shop')).not.toContainEqual(expect.objectContaining({ id }));
    const [parts] = await store.query<{ number: number }>(
      `SELECT COUNT(*) AS number FROM {credential_archive_part} WHERE archive_id = '${id}'`,
    );
    expect(Number(parts?.number)).toBe(1);
    await store.query(`DELETE FROM {credential_archive_part} WHERE archive_id = '${id}'`);
  });

  it('deletes old archives so many at a time, and never the newest of an instance', async () => {
    const ids = [];
    for (let number = 0; number < 4; number += 1) ids.push((await archive({ instanceId: 'old' })).id);
    const lonely = await archive({ instanceId: 'lonely' });
    for (const [day, id] of [...ids, lonely.id].entries()) {
      await setTime('credential_archive', 'taken_at', (day + 1) * DAY_MS, `id = '${id}'`);
    }
    expect((await instances.archives('old')).map(({ id }) => id)).toEqual([...ids].reverse());
    expect(await instances.purgeArchives(DAY_MS, 10)).toBe(0);
    expect(await instances.purgeArchives(30 * DAY_MS, 2)).toBe(2);
    expect(await instances.archives('old')).toMatchObject([{ id: ids[3] }, { id: ids[2] }]);
    expect(await instances.purgeArchives(30 * DAY_MS, 2)).toBe(1);
    expect(await instances.purgeArchives(30 * DAY_MS, 2)).toBe(0);
    expect(await instances.archives('old')).toMatchObject([{ id: ids[3], takenAt: 4 * DAY_MS }]);
    expect(await instances.archives('lonely')).toHaveLength(1);
    expect(await instances.readArchive(ids[0] ?? '')).toBeUndefined();
    const [orphans] = await store.query<{ number: number }>(
      `SELECT COUNT(*) AS number FROM {credential_archive_part} WHERE archive_id NOT IN (SELECT id FROM {credential_archive})`,
    );
    expect(Number(orphans?.number)).toBe(0);
  });

  const tombstone = (fields: Partial<Tombstone> = {}) => ({
    ...{ instanceId: randomUUID(), name: 'shop', token: 'secret', clientName: 'host', integration: 'WHATSAPP-BAILEYS' },
    ...{ archiveId: randomUUID(), ...fields },
  });

  it('buries an instance once, however often it is asked to', async () => {
    const dead = tombstone({ name: STRANGE });
    await instances.bury(dead, 30 * DAY_MS);
    const [first] = await instances.findTombstones(dead.instanceId);
    expect(first).toEqual({ ...dead, deletedAt: expect.any(Number), purgeAfter: expect.any(Number) });
    expect((first?.purgeAfter ?? 0) - (first?.deletedAt ?? 0)).toBe(30 * DAY_MS);
    await instances.bury({ ...dead, name: 'another', token: null }, 0);
    expect(await instances.findTombstones(STRANGE)).toEqual([first]);
    await instances.unbury(dead.instanceId);
    await instances.unbury(dead.instanceId);
    expect(await instances.findTombstones(dead.instanceId)).toEqual([]);
  });

  it('finds all that had a name, the newest first, and what is due, the oldest first', async () => {
    const nothing = { token: null, clientName: null, integration: null, archiveId: null };
    const all = [tombstone({ name: 'twin' }), tombstone({ name: 'twin', ...nothing }), tombstone({ name: 'other' })];
    for (const [index, dead] of all.entries()) {
      await instances.bury(dead, DAY_MS);
      await setTime('tombstone', 'deleted_at', (index + 1) * DAY_MS, `instance_id = '${dead.instanceId}'`);
    }
    const [first, second, third] = all;
    expect(await instances.findTombstones('twin')).toMatchObject([second, first].map((dead) => ({ ...dead })));
    expect((await instances.tombstones()).map(({ name }) => name)).toEqual(['other', 'twin', 'twin']);
    expect(await instances.due(9)).toEqual([]);
    await setTime('tombstone', 'purge_after', 2 * DAY_MS, `instance_id = '${first?.instanceId}'`);
    await setTime('tombstone', 'purge_after', DAY_MS, `instance_id = '${third?.instanceId}'`);
    expect((await instances.due(9)).map(({ instanceId }) => instanceId)).toEqual([
      third?.instanceId,
      first?.instanceId,
    ]);
    expect(await instances.due(1)).toHaveLength(1);
  });

  it('forgets all but the history of an instance, and nothing of another', async () => {
    const [gone, stays] = [tombstone(), tombstone()];
    const counts = async () => {
      const numbers = [];
      for (const table of ['credential_archive', 'credential_archive_part', 'instance_state']) {
        numbers.push(await numberOf(table));
      }
      return numbers;
    };
    const before = await counts();
    for (const dead of [gone, stays]) {
      const { instanceId, name } = dead;
      await instances.bury(dead, DAY_MS);
      await archive({ instanceId }, randomBytes(MEBIBYTE + 1));
      await instances.changeState({ instanceId, name, state: 'close', reason: '', owner: randomUUID() }, 0);
    }
    await instances.forget(gone.instanceId);
    await instances.forget(gone.instanceId);
    expect(await instances.states([gone.instanceId])).toEqual([]);
    expect(await instances.archives(gone.instanceId)).toEqual([]);
    expect(await instances.findTombstones(gone.instanceId)).toEqual([]);
    expect(await instances.history(gone.instanceId, Number.MAX_SAFE_INTEGER, 9)).toHaveLength(1);
    expect(await instances.states([stays.instanceId])).toHaveLength(1);
    expect(await instances.findTombstones(stays.instanceId)).toHaveLength(1);
    const after = await counts();
    expect(after.map((number, index) => number - (before[index] ?? 0))).toEqual([1, 2, 1]);
  });
});
