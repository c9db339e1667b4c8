import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Command } from 'commander';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { addInstanceCommands } from '../../src/cli/instances';
import { openInstanceRig, type InstanceRig } from '../helpers/instance-rig';
import { DATABASES } from '../helpers/test-store';

const ROOT = join(__dirname, '../..');

interface Run {
  status: number;
  stdout: string;
  stderr: string;
}

/** Runs the whole program as an operator does. */
function evolutionGuard(...args: string[]): Promise<Run> {
  const command = ['--import', 'tsx', join(ROOT, 'src/cli/main.ts'), ...args];
  return new Promise((resolve) => {
    execFile(process.execPath, command, { cwd: ROOT, encoding: 'utf8' }, (error, stdout, stderr) => {
      resolve({ status: error ? Number(error.code) : 0, stdout, stderr });
    });
  });
}

describe.each(DATABASES)('evolution-guard instances, on $kind,', ({ create }) => {
  const folder = mkdtempSync(join(tmpdir(), 'instances-'));
  let rig: InstanceRig;
  let instances: Awaited<ReturnType<InstanceRig['start']>>['instances'];
  let written: jest.SpiedFunction<typeof process.stdout.write>;

  beforeAll(async () => {
    const uri = await create();
    const settings = ['GUARD_DATABASE_SCHEMA=guard', 'DATABASE_CONNECTION_CLIENT_NAME=test'];
    writeFileSync(join(folder, '.env'), [`DATABASE_CONNECTION_URI=${uri}`, ...settings, ''].join('\n'));
    rig = await openInstanceRig(uri);
  });

  beforeEach(async () => {
    ({ instances } = await rig.start());
    written = jest.spyOn(process.stdout, 'write').mockImplementation(() => true);
  });

  afterEach(async () => {
    written.mockRestore();
    await rig.stop();
  });

  afterAll(async () => {
    rmSync(folder, { recursive: true });
    await rig.close();
  });

  /** The command in this process, which waits but a moment for a host. @returns what it printed. @throws as the program does. */
  async function run(command: string, ...args: string[]): Promise<string> {
    const program = new Command('evolution-guard').exitOverride().configureOutput({ writeErr: () => undefined });
    addInstanceCommands(program, 300);
    written.mockClear();
    await program.parseAsync(['instances', command, folder, ...args], { from: 'user' });
    return written.mock.calls.map(([text]) => String(text)).join('');
  }
  const json = async (command: string, ...args: string[]) =>
    JSON.parse(await run(command, ...args, '--json')) as Record<string, unknown>;

  /** An instance of this installation. */
  async function added() {
    const shop = await rig.add();
    await rig.host.query(`UPDATE "Instance" SET "clientName" = 'test' WHERE "id" = '${shop.id}'`);
    return shop;
  }
  async function deleted() {
    const shop = await added();
    await instances.happened(shop.name, 'user delete');
    return shop;
  }

  it('lists instances with those that were deleted, as text and as JSON', async () => {
    expect(await run('list')).toBe('No instances.\n');
    const [shop, gone] = [await added(), await deleted()];
    const lines = (await run('list')).split('\n');
    expect(lines[0]).toMatch(new RegExp(`^${shop.name} +open +- +WHATSAPP-BAILEYS +${shop.id}$`));
    expect(lines[1]).toMatch(
      new RegExp(`^${gone.name} +deleted +\\S+Z +WHATSAPP-BAILEYS +${gone.id} +kept until \\S+Z$`),
    );
    expect(lines).toHaveLength(3);
    expect(await json('list')).toMatchObject({
      ok: true,
      instances: [
        { id: shop.id, deletedAt: null },
        { id: gone.id, state: 'deleted' },
      ],
    });
  });

  it('shows what has happened to one, and what of it was set aside', async () => {
    const shop = await added();
    await instances.logout(shop.name, () => Promise.resolve());
    const text = await run('show', shop.name);
    expect(text).toMatch(
      new RegExp(`^instance +${shop.name}\nid +${shop.id}\nchannel +WHATSAPP-BAILEYS\nstate +close\n`),
    );
    expect(text).toMatch(/\nunder way {3}nothing\n/);
    expect(text).toMatch(/\nCredentials set aside:\n\S+Z {2}\d+ bytes {2}NOT encrypted {2}user logout\n/);
    expect(text).toMatch(/\nHistory, the newest first:\n\S+Z {2}session reset {2}user logout\n$/);
    expect(text).not.toContain('noiseKey');
    expect(await json('show', shop.id)).toMatchObject({ ok: true, instance: { id: shop.id, history: [{}] } });
  });

  it('writes a restore down where no host runs, and the next start does it', async () => {
    const shop = await deleted();
    await rig.stop();
    const told = await run('restore', shop.name);
    expect(told).toContain(`or when it starts: restore of ${shop.name} (${shop.id}).`);
    expect(await rig.store.instances.operations()).toMatchObject([{ kind: 'restore', instanceId: shop.id }]);
    await expect(run('purge', shop.name)).rejects.toMatchObject({ code: 'GUARD_INSTANCE_BUSY' });
    const { live } = await rig.start();
    expect(await rig.rows.findByName(shop.name)).toMatchObject({ id: shop.id, clientName: 'test' });
    expect(live.loaded).toMatchObject([{ connects: true }]);
    expect(await rig.eventsOf(shop.id)).toContain('restored: the command line');
  });

  it('restores under another name while another one has its own', async () => {
    const [shop, next] = [await deleted(), await added()];
    await rig.host.query(`UPDATE "Instance" SET "name" = '${shop.name}' WHERE "id" = '${next.id}'`);
    await expect(run('restore', shop.name)).rejects.toMatchObject({ code: 'GUARD_INSTANCE_NAME_TAKEN' });
    const as = `${shop.name}-2`;
    await rig.stop();
    expect(await json('restore', shop.name, '--as', as)).toEqual({ ok: true, id: shop.id, name: as, isDone: false });
    await rig.start();
    expect(await rig.rows.findByName(as)).toMatchObject({ id: shop.id });
  });

  it('says what a purge would delete, then has it done, and says when it is', async () => {
    const shop = await deleted();
    const text = await run('purge', shop.name, '--dry-run');
    expect(text).toMatch(new RegExp(`^These rows of ${shop.name} \\(${shop.id}\\) would go; nothing was done:\n`));
    expect(text).toMatch(/\nMessageUpdate +6\n/);
    expect(await json('purge', shop.id, '--dry-run')).toMatchObject({ ok: true, rows: { Message: 3 } });
    expect(await rig.store.instances.operations()).toEqual([]);
    await rig.stop();
    expect(await json('purge', shop.name)).toMatchObject({ id: shop.id, isDone: false });
    await rig.start();
    expect(await rig.rows.findById(shop.id)).toBeUndefined();
    expect(await rig.eventsOf(shop.id)).toContain('deleted for good: the command line');
  });

  it('refuses what was not deleted, what nobody knows, and what several were called', async () => {
    const [shop, first, second] = [await added(), await deleted(), await added()];
    for (const command of ['restore', 'purge'])
      await expect(run(command, shop.name)).rejects.toMatchObject({ code: 'GUARD_INSTANCE_UNKNOWN' });
    await expect(run('show', 'nobody')).rejects.toMatchObject({ code: 'GUARD_INSTANCE_UNKNOWN' });
    await rig.host.query(`UPDATE "Instance" SET "name" = '${first.name}' WHERE "id" = '${second.id}'`);
    await instances.happened(first.name, 'user delete');
    for (const command of ['show', 'restore', 'purge'])
      await expect(run(command, first.name)).rejects.toMatchObject({ code: 'GUARD_INSTANCE_AMBIGUOUS' });
  });

  it('ends with 0, and with 1 and the code where it is refused', async () => {
    const good = await evolutionGuard('instances', 'list', folder, '--json');
    expect([good.status, JSON.parse(good.stdout)]).toMatchObject([0, { ok: true }]);
    const bad = await evolutionGuard('instances', 'restore', folder, 'nobody');
    expect([bad.status, bad.stderr]).toEqual([1, expect.stringContaining('GUARD_INSTANCE_UNKNOWN')]);
    const told = await evolutionGuard('instances', 'show', folder, 'nobody', '--json');
    expect([told.status, JSON.parse(told.stdout)]).toMatchObject([1, { error: { code: 'GUARD_INSTANCE_UNKNOWN' } }]);
  });

  it('tell tables of a release without instances, with the remedy', async () => {
    await rig.store.query('ALTER TABLE {tombstone} RENAME TO guard_elsewhere');
    const told = {
      code: 'GUARD_OUTBOX_ABSENT',
      detail: expect.stringContaining('a release without instances') as unknown,
    };
    await expect(run('list')).rejects.toMatchObject(told);
  });
});

describe('evolution-guard instances', () => {
  it.each([
    [['show'], "missing required argument 'name or id'"],
    [['restore', 'shop', '--as'], "option '--as <name>' argument missing"],
    [['purge', 'shop', '--force'], "unknown option '--force'"],
    [['list', 'one', 'too', 'many'], 'too many arguments'],
  ])('takes %j for a wrong way to use it', async ([command = '', ...options], message) => {
    const { status, stderr } = await evolutionGuard('instances', command, tmpdir(), ...options);
    expect([status, stderr]).toEqual([2, expect.stringContaining(message)]);
  });

  it('says in its help how it is used and what its exit codes mean', async () => {
    const { status, stdout } = await evolutionGuard('instances', 'restore', '--help');
    expect(status).toBe(0);
    expect(stdout).toContain('$ evolution-guard instances restore ~/evolution-api shop --as shop-2');
    expect(stdout).toContain('Exit codes:');
  });
});
