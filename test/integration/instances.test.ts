import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { randomBytes, randomUUID } from 'node:crypto';
import { GuardError } from '../../src/core/errors';
import { HIDDEN_CLIENT, hiddenName } from '../../src/instances/plans';
import { openInstanceRig, type InstanceRig } from '../helpers/instance-rig';
import { DATABASES } from '../helpers/test-store';

const key = randomBytes(32);

describe.each(DATABASES)('instances, on $kind,', ({ create }) => {
  let rig: InstanceRig;

  beforeAll(async () => {
    rig = await openInstanceRig(await create());
  });

  afterEach(() => rig.stop());
  afterAll(() => rig.close());

  const archivesOf = (id: string) => rig.store.instances.archives(id);
  /** What is in the archives' table as it is. */
  const stored = async (id: string) => {
    const found = await Promise.all((await archivesOf(id)).map((each) => rig.store.instances.readArchive(each.id)));
    return Buffer.concat(found.flatMap((each) => each?.body ?? [])).toString('latin1');
  };
  const counts = async (id: string) => {
    const all = Object.entries(await rig.host.rowsOf(id));
    return Object.fromEntries(all.map(([table, rows]) => [table, rows.length]));
  };

  describe.each([['a key', key] as const, ['no key', undefined] as const])('with %s', (_words, archiveKey) => {
    const encrypted = archiveKey !== undefined;

    it('set credentials aside at a logout, byte for byte, and make the session new', async () => {
      const { instances, live } = await rig.start({}, { archiveKey });
      const shop = await rig.add();
      const other = await rig.add();
      const before = await rig.host.rowsOf(shop.id);
      const seen: unknown[] = [];
      await instances.logout(shop.name, async () => {
        seen.push([rig.credentials.all.has(shop.id), (await archivesOf(shop.id)).length]);
      });
      expect(seen).toEqual([[true, 1]]); // WhatsApp is told when they are safe, and before they are gone
      const [record] = await archivesOf(shop.id);
      expect(record).toMatchObject({ name: shop.name, reason: 'user logout', isEncrypted: encrypted });
      expect(await rig.archive(archiveKey).read(record?.id ?? '')).toEqual(shop.credentials);
      if (encrypted)
        expect(
          await rig
            .archive(randomBytes(32))
            .read(record?.id ?? '')
            .catch(String),
        ).toMatch('SEAL_FOREIGN');
      expect(rig.credentials.all.has(shop.id)).toBe(false);
      expect(rig.credentials.all.get(other.id)).toEqual(other.credentials);
      expect(live.done).toEqual([`silence ${shop.id}`, `renew ${shop.id}`]);
      const after = await rig.host.rowsOf(shop.id);
      expect(after).toEqual({
        ...before,
        Instance: [{ ...(before.Instance?.[0] as object), connectionStatus: 'close' }],
      });
      expect(await rig.eventsOf(shop.id)).toEqual(['session reset: user logout']);
    });
  });

  it('keep what is encrypted unreadable in the table', async () => {
    const { instances } = await rig.start({}, { archiveKey: key });
    const shop = await rig.add();
    await instances.logout(shop.name, () => Promise.resolve());
    const text = await stored(shop.id);
    expect(text.length).toBeGreaterThan(50);
    expect(text).not.toContain('noiseKey');
    expect(text.indexOf('\u001f\u008b')).toBe(-1); // nor as gzip
    await expect(rig.archive().read((await archivesOf(shop.id))[0]?.id ?? '')).rejects.toMatchObject({
      code: 'GUARD_SEAL_KEY',
    });
  });

  it('are reset also where nobody can read their credentials, and the log says so', async () => {
    const { instances } = await rig.start();
    const shop = await rig.add();
    const read = rig.credentials.read;
    rig.credentials.read = () => Promise.reject(new GuardError('GUARD_CREDENTIALS_MALFORMED', 'pre-key-7.'));
    await instances.happened(shop.name, 'logged out (401)');
    rig.credentials.read = read;
    expect(rig.credentials.all.has(shop.id)).toBe(false);
    expect(await archivesOf(shop.id)).toEqual([]);
    expect(rig.log.lines.map(({ fields }) => fields['code'])).toContain('GUARD_CREDENTIALS_MALFORMED');
  });

  it('reset nothing where the host cannot log out, and throw what it throws', async () => {
    const { instances, live } = await rig.start();
    const shop = await rig.add();
    const error = new Error('WhatsApp does not answer');
    await expect(instances.logout(shop.name, () => Promise.reject(error))).rejects.toBe(error);
    expect(rig.credentials.all.get(shop.id)).toEqual(shop.credentials);
    expect(await rig.rows.findById(shop.id)).toMatchObject({ connectionStatus: 'open' });
    expect([live.done, await rig.eventsOf(shop.id), await rig.store.instances.operations()]).toEqual([[], [], []]);
    let tries = 0;
    await instances.logout(shop.name, () => Promise.resolve(void (tries += 1)));
    expect([tries, rig.credentials.all.has(shop.id)]).toEqual([1, false]);
  });

  it('leave a logout to the host where it is of an instance that is not in the table', async () => {
    const { instances } = await rig.start();
    const error = new Error('stock');
    await expect(instances.logout('nobody', () => Promise.reject(error))).rejects.toBe(error);
    expect(await instances.happened('nobody', 'user delete')).toBe('keep');
  });

  it.each(['logged out (401)', 'forbidden (403)', 'refused (402, 406)'] as const)(
    'reset the session at "%s" and keep all else',
    async (trigger) => {
      const { instances } = await rig.start();
      const shop = await rig.add();
      const before = await counts(shop.id);
      expect(await instances.happened(shop.name, trigger)).toBe('reset');
      expect([await counts(shop.id), rig.credentials.all.has(shop.id)]).toEqual([before, false]);
      expect((await archivesOf(shop.id)).map(({ reason }) => reason)).toEqual([trigger]);
    },
  );

  it('let the connect begin anew when nobody scanned the codes, and touch no credentials', async () => {
    const { instances, live } = await rig.start();
    const shop = await rig.add();
    expect(await instances.happened(shop.name, 'QR limit')).toBe('keep');
    expect(live.done).toEqual([`silence ${shop.id}`, `renew ${shop.id}`]);
    expect(await rig.eventsOf(shop.id)).toEqual(['kept: QR limit']);
    expect(rig.credentials.all.has(shop.id)).toBe(true);
  });

  it('keep one that no timer may take, and hide one that was never paired where DEL_TEMP_INSTANCES says so', async () => {
    const [careful, free] = [await rig.start(), await rig.start({}, { delTempInstances: true })];
    const [paired, temporary] = [await rig.add(), await rig.add()];
    await rig.host.query(`UPDATE "Instance" SET "ownerJid" = NULL WHERE "id" = '${temporary.id}'`);
    for (const { name } of [paired, temporary])
      expect(await careful.instances.happened(name, 'DEL_INSTANCE timer')).toBe('keep');
    expect(await free.instances.happened(paired.name, 'DEL_INSTANCE timer')).toBe('keep');
    expect(await free.instances.happened(temporary.name, 'DEL_INSTANCE timer')).toBe('tombstone');
    expect(await rig.rows.findById(paired.id)).toMatchObject({ name: paired.name, clientName: 'client' });
    expect(await rig.rows.findById(temporary.id)).toMatchObject({ clientName: HIDDEN_CLIENT });
    await free.instances.restore(temporary.id);
  });

  it('delete what a create that failed has left, without a tombstone, and never one that was paired', async () => {
    const { instances } = await rig.start();
    const [paired, half] = [await rig.add(), await rig.add()];
    await rig.host.query(`UPDATE "Instance" SET "ownerJid" = NULL WHERE "id" = '${half.id}'`);
    expect(await instances.happened(paired.name, 'create failed')).toBe('keep');
    expect(await instances.happened(half.name, 'create failed')).toBe('delete');
    expect(await rig.rows.findById(paired.id)).toBeDefined();
    expect(Object.values(await rig.host.rowsOf(half.id)).flat()).toEqual([]);
    expect(await rig.store.instances.findTombstones(half.id)).toEqual([]);
    expect(rig.credentials.all.has(half.id)).toBe(false);
  });

  it('delete and restore an instance with every row, its token, its name and its credentials', async () => {
    const { instances, live } = await rig.start();
    const shop = await rig.add(20);
    const before = await rig.host.rowsOf(shop.id);
    const state = { instanceId: shop.id, name: shop.name, state: 'open', reason: '', owner: randomUUID() } as const;
    await rig.store.instances.changeState(state, 0);
    expect(await instances.happened(shop.name, 'user delete')).toBe('tombstone');
    const hidden = { name: hiddenName(shop.id), token: null, clientName: HIDDEN_CLIENT };
    expect(await rig.rows.findById(shop.id)).toMatchObject(hidden);
    expect([await rig.rows.findByName(shop.name), rig.credentials.all.has(shop.id)]).toEqual([undefined, false]);
    expect(await rig.rows.list('client')).not.toContainEqual(expect.objectContaining({ id: shop.id }));
    expect(live.done).toContain(`unload ${shop.id}`);
    const rest = await rig.host.rowsOf(shop.id);
    expect({ ...rest, Instance: before.Instance }).toEqual(before);

    await expect(instances.restore(shop.name)).resolves.toMatchObject({ instanceId: shop.id, name: shop.name });
    const after = await rig.host.rowsOf(shop.id);
    expect(after).toEqual({
      ...before,
      Instance: [{ ...(before.Instance?.[0] as object), connectionStatus: 'close' }],
    });
    expect(rig.credentials.all.get(shop.id)).toEqual(shop.credentials);
    expect(live.loaded).toMatchObject([
      { instance: { id: shop.id, name: shop.name, token: `token of ${shop.id}` }, connects: true },
    ]);
    expect(await rig.store.instances.findTombstones(shop.id)).toEqual([]);
    await expect(instances.restore(shop.id)).rejects.toMatchObject({ code: 'GUARD_INSTANCE_UNKNOWN' });
    expect(await rig.eventsOf(shop.id)).toEqual([
      'open: ',
      'deleted, kept hidden: user delete',
      'restored: somebody asked for it',
    ]);
  });

  it('restore one without credentials, and one whose archive does not open: it then asks for its code', async () => {
    const { instances, live } = await rig.start({}, { archiveKey: key });
    const [none, sealed] = [await rig.add(), await rig.add()];
    rig.credentials.all.delete(none.id);
    for (const { name } of [none, sealed]) await instances.happened(name, 'user delete');
    const other = await rig.start({}, { archiveKey: randomBytes(32) });
    await instances.restore(none.name);
    await other.instances.restore(sealed.name);
    expect([live.loaded, other.live.loaded]).toMatchObject([[{ connects: false }], [{ connects: false }]]);
    expect(rig.log.lines).toContainEqual(
      expect.objectContaining({ level: 'error', fields: { code: 'GUARD_SEAL_FOREIGN' } }),
    );
    const [archive] = await archivesOf(sealed.id);
    expect(await rig.archive(key).read(archive?.id ?? '')).toEqual(sealed.credentials); // it is still there
  });

  it('leave the name of a deleted one to another, and give the deleted one another name', async () => {
    const { instances } = await rig.start();
    const [shop, next] = [await rig.add(), await rig.add()];
    await instances.happened(shop.name, 'user delete');
    await rig.host.query(`UPDATE "Instance" SET "name" = '${shop.name}' WHERE "id" = '${next.id}'`);
    await expect(instances.restore(shop.name)).rejects.toMatchObject({ code: 'GUARD_INSTANCE_NAME_TAKEN' });
    await expect(instances.restore(shop.id, shop.name)).rejects.toMatchObject({ code: 'GUARD_INSTANCE_NAME_TAKEN' });
    expect(await rig.rows.findById(shop.id)).toMatchObject({ clientName: HIDDEN_CLIENT });
    const as = `${shop.name}-2`;
    await expect(instances.restore(shop.name, as)).resolves.toMatchObject({ instanceId: shop.id, name: as });
    expect(await rig.rows.findByName(as)).toMatchObject({ id: shop.id, token: `token of ${shop.id}` });
    expect(await rig.rows.findByName(shop.name)).toMatchObject({ id: next.id, token: `token of ${next.id}` });
  });

  it('give up a restore whose name is taken at the last moment, and leave it deleted', async () => {
    const shop = await rig.add();
    const next = await rig.add();
    const blind = { ...rig.rows, stop: () => Promise.resolve(), findByName: () => Promise.resolve(undefined) };
    const { instances } = await rig.start();
    await instances.happened(shop.name, 'user delete');
    await rig.host.query(`UPDATE "Instance" SET "name" = '${shop.name}' WHERE "id" = '${next.id}'`);
    const late = await rig.start({ host: blind });
    await expect(late.instances.restore(shop.name)).rejects.toMatchObject({ code: 'GUARD_INSTANCE_NAME_TAKEN' });
    expect(await rig.store.instances.findTombstones(shop.id)).toHaveLength(1);
    expect(await rig.store.instances.operations()).toEqual([]);
  });

  it('ask for the id where two deleted ones had the same name', async () => {
    const { instances } = await rig.start();
    const [first, second] = [await rig.add(), await rig.add()];
    await instances.happened(first.name, 'user delete');
    await rig.host.query(`UPDATE "Instance" SET "name" = '${first.name}' WHERE "id" = '${second.id}'`);
    await instances.happened(first.name, 'user delete');
    for (const ask of [() => instances.restore(first.name), () => instances.purge(first.name)]) {
      const refused = await ask().catch((error: unknown) => error);
      expect(refused).toMatchObject({ code: 'GUARD_INSTANCE_AMBIGUOUS' });
      expect(String(refused)).toContain(first.id);
      expect(String(refused)).toContain(second.id);
    }
    await instances.restore(second.id);
    expect(await rig.rows.findByName(first.name)).toMatchObject({ id: second.id });
    await expect(instances.restore('nobody')).rejects.toMatchObject({ code: 'GUARD_INSTANCE_UNKNOWN' });
  });
});
