import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connect } from 'amqplib';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { OutboxStore } from '../../src/stores/outbox-store';
import { createVhost } from '../helpers/services';
import { appendDelivered, outboxRow, stateOf } from '../helpers/outbox-rows';
import { DATABASES, openTestEngine, openTestStore, type TestStore } from '../helpers/test-store';

const ROOT = join(__dirname, '../..');
const deadReason = 'GUARD_EVENT_MALFORMED: target.';

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

const answer = ({ stdout }: Run) => JSON.parse(stdout) as Record<string, unknown>;

describe.each(DATABASES)('evolution-guard on the command line, on $kind,', ({ create }) => {
  const folder = mkdtempSync(join(tmpdir(), 'dead-letters-'));
  let uri: string;
  let store: TestStore;
  let outbox: OutboxStore;

  const environment = (...lines: string[]) =>
    writeFileSync(join(folder, '.env'), [`DATABASE_CONNECTION_URI=${uri}`, ...lines, ''].join('\n'));
  const ours = ['GUARD_DATABASE_SCHEMA=guard', 'DATABASE_CONNECTION_CLIENT_NAME=test', 'GUARD_EVENT_MAX_BYTES=1024'];

  beforeAll(async () => {
    uri = await create();
    environment(...ours);
  });

  afterAll(async () => {
    await store.close();
    rmSync(folder, { recursive: true });
  });

  it('refuses a database without an outbox and one of another installation, and creates nothing', async () => {
    const absent = await evolutionGuard('dead-letters', 'list', folder);
    expect([absent.status, absent.stderr]).toEqual([1, expect.stringContaining('GUARD_OUTBOX_ABSENT')]);
    const engine = await openTestEngine(uri);
    expect(await engine.owner()).toBeUndefined();
    await engine.close();
    store = await openTestStore(uri);
    ({ outbox } = store);
    environment('GUARD_DATABASE_SCHEMA=guard', 'DATABASE_CONNECTION_CLIENT_NAME=other');
    const foreign = await evolutionGuard('dead-letters', 'redrive', folder, '--all');
    expect([foreign.status, foreign.stderr]).toEqual([1, expect.stringContaining('GUARD_SCHEMA_FOREIGN')]);
    environment(...ours);
  });

  it('lists dead letters by page, and shows one with its payload only where asked for', async () => {
    const rows = [outboxRow({ instance: 'l', deadReason }), outboxRow({ instance: 'l', deadReason })];
    await outbox.append(rows);
    const [first, second] = rows.map(({ eventId }) => eventId);
    const list = ['dead-letters', 'list', folder, '--instance', 'l', '--json'];
    const page = answer(await evolutionGuard(...list, '--limit', '1'));
    expect(page).toMatchObject({ ok: true, deadLetters: [{ eventId: first }] });
    expect(answer(await evolutionGuard(...list, '--after', String(page.next)))).toMatchObject({
      deadLetters: [{ eventId: second }],
      next: null,
    });
    const shown = await evolutionGuard('dead-letters', 'show', folder, first ?? '');
    expect(shown.stdout).toContain(deadReason);
    expect(shown.stdout).not.toContain('secret');
    const full = await evolutionGuard('dead-letters', 'show', folder, first ?? '', '--payload');
    expect(full.stdout).toContain('\nsecret\n');
  });

  it('redrives by id or filter, counts first with --dry-run, and tells what stays for its size', async () => {
    const dead = outboxRow({ instance: 'r', deadReason });
    const large = outboxRow({ instance: 'r', deadReason: 'GUARD_EVENT_TOO_LARGE: x', payloadBytes: 1_025 });
    await outbox.append([dead, large]);
    const redrive = ['dead-letters', 'redrive', folder];
    const dry = await evolutionGuard(...redrive, '--instance', 'r', '--dry-run');
    expect(dry.stdout).toMatch(/^It would be 1 redriven\./);
    expect(await stateOf(store, dead.eventId)).toBe('dead');
    const done = await evolutionGuard(...redrive, dead.eventId, large.eventId);
    expect(done.stdout).toMatch(new RegExp(`^1 redriven\\.\n1 stay.*\n {2}${large.eventId} {2}1025 B\n$`));
    expect(await stateOf(store, dead.eventId)).toBe('pending');
  });

  it('discards dead letters', async () => {
    const dead = outboxRow({ instance: 'd', deadReason });
    await outbox.append([dead, outboxRow({ instance: 'd' })]);
    const run = await evolutionGuard('dead-letters', 'discard', folder, '--instance', 'd', '--json');
    expect(answer(run)).toMatchObject({ ok: true, changed: 1, dryRun: false });
    expect(await stateOf(store, dead.eventId)).toBeUndefined();
  });

  it('replays by filter and counts what waits', async () => {
    const delivered = outboxRow({ instance: 'p' });
    await appendDelivered(outbox, [delivered, outboxRow({ instance: 'q' })]);
    const run = await evolutionGuard('outbox', 'replay', folder, '--instance', 'p', '--from', '1970-01-01', '--json');
    expect(answer(run)).toMatchObject({ ok: true, changed: 1 });
    expect(await stateOf(store, delivered.eventId)).toBe('pending');
    const { groups } = answer(await evolutionGuard('outbox', 'status', folder, '--json'));
    expect(groups).toContainEqual(expect.objectContaining({ instance: 'p', pending: 1, dead: 0 }));
  });

  it('copies by filter into a queue, and tells one that is not there', async () => {
    const brokerUrl = await createVhost();
    environment(...ours, `RABBITMQ_URI=${brokerUrl}`);
    const connection = await connect(brokerUrl);
    const channel = await connection.createChannel();
    const { queue } = await channel.assertQueue('', { exclusive: false });
    const delivered = outboxRow({ instance: 'c' });
    await appendDelivered(outbox, [delivered]);
    const replay = ['outbox', 'replay', folder, '--instance', 'c', '--to-queue'];
    expect((await evolutionGuard(...replay, queue)).stdout).toBe('1 copied.\n');
    const message = await channel.get(queue, { noAck: true });
    expect(message && message.properties.messageId).toBe(delivered.eventId);
    await connection.close();
    const unknown = await evolutionGuard(...replay, 'nowhere');
    expect([unknown.status, unknown.stderr]).toEqual([1, expect.stringContaining('GUARD_QUEUE_UNKNOWN')]);
    environment(...ours);
  });

  it('tells an event that is not there', async () => {
    const run = await evolutionGuard('dead-letters', 'show', folder, '0197a3c2-0000-7000-8000-000000000000', '--json');
    expect([run.status, answer(run)]).toMatchObject([1, { ok: false, error: { code: 'GUARD_EVENT_UNKNOWN' } }]);
  });
});

describe('evolution-guard on the command line', () => {
  it.each([
    [['outbox', 'replay'], 'say --all'],
    [['dead-letters', 'discard'], 'say --all'],
    [['dead-letters', 'redrive', '--all', '--instance', 'x'], 'neither event ids nor a filter'],
    [['dead-letters', 'list', '--limit', '0'], 'whole number from 1'],
    [['dead-letters', 'list', '--from', 'today'], '--from must be a time'],
    [['dead-letters', 'redrive', '--code', 'x'], '--code must be an error code'],
  ])('takes %j for wrong usage', async ([group = '', command = '', ...options], message) => {
    const { status, stderr } = await evolutionGuard(group, command, tmpdir(), ...options);
    expect([status, stderr]).toEqual([2, expect.stringContaining(message)]);
  });
});
