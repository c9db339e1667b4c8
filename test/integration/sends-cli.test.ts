import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beginning, freshly, newSend } from '../helpers/new-sends';
import { DATABASES, openTestStore, type TestStore } from '../helpers/test-store';

const ROOT = join(__dirname, '../..');
const WRITTEN = 'what somebody wrote';
const body = Buffer.from(WRITTEN);

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

describe.each(DATABASES)('evolution-guard sends, on $kind,', ({ create }) => {
  const folder = mkdtempSync(join(tmpdir(), 'sends-'));
  const owner = randomUUID();
  let store: TestStore;

  beforeAll(async () => {
    const uri = await create();
    const settings = ['GUARD_DATABASE_SCHEMA=guard', 'DATABASE_CONNECTION_CLIENT_NAME=test'];
    writeFileSync(join(folder, '.env'), [`DATABASE_CONNECTION_URI=${uri}`, ...settings, ''].join('\n'));
    store = await openTestStore(uri);
  });

  afterAll(async () => {
    await store.close();
    rmSync(folder, { recursive: true });
  });

  it('lists sends by page, by state and by chat in any spelling, without what was written', async () => {
    const chat = '551188887777@s.whatsapp.net';
    const all = [1, 2, 3].map(() => newSend({ instance: 'l', chat, body }));
    const [first, second, third] = all.map(({ sendId }) => sendId);
    await store.sends.accept(owner, [...all, newSend({ instance: 'l', chat: 'other@g.us' })]);
    await store.sends.finish(owner, [{ sendId: second ?? '', state: 'failed', error: 'refused\nwith a second line' }]);
    const list = ['sends', 'list', folder, '--chat', '+55 11 98888-7777'];
    const page = answer(await evolutionGuard(...list, '--limit', '2', '--json'));
    expect(page).toMatchObject({ ok: true, sends: [{ sendId: third }, { sendId: second, state: 'failed' }] });
    const rest = await evolutionGuard(...list, '--before', String(page.next), '--state', 'accepted,failed');
    expect(rest.stdout).toMatch(
      new RegExp(`^\\d+ {2}${first} {2}1970-01-01T00:00:01.000Z {2}accepted {2}l {2}${chat} {2}text {2}-\n$`),
    );
    const failed = await evolutionGuard(
      'sends',
      'list',
      folder,
      '--instance',
      'l',
      '--state',
      'failed',
      '--limit',
      '1',
    );
    expect(failed.stdout).toMatch(new RegExp(`${second}.*  refused\nThere may be more: --before \\d+\n$`));
    expect(JSON.stringify(page)).not.toContain(WRITTEN);
    expect((await evolutionGuard('sends', 'list', folder, '--instance', 'nobody')).stdout).toBe('No sends.\n');
  });

  it("shows the whole life of a send, by our id and by WhatsApp's", async () => {
    const send = newSend({ instance: 's', chat: 'show@g.us', messageId: '3EB0SHOW', acceptedAt: Date.now(), body });
    await store.sends.begin(owner, [freshly(send)]);
    const open = await evolutionGuard('sends', 'show', folder, send.sendId);
    expect(open.stdout).toContain('it is being sent, for ');
    expect(open.stdout).not.toContain(WRITTEN);
    await store.sends.finish(owner, [{ sendId: send.sendId, state: 'sent' }]);
    const at = Date.now() + 600_000;
    await store.sends.acknowledge([
      { instance: 's', messageId: '3EB0SHOW', state: 'delivered', at },
      { instance: 's', messageId: '3EB0SHOW', state: 'read', at: at + 4_200 },
    ]);
    const { stdout } = await evolutionGuard('sends', 'show', folder, '3EB0SHOW');
    expect(stdout).toContain(`text ${send.sendId}\n`);
    expect(stdout).toContain(`${owner}, fence 1\n`);
    expect(stdout).toMatch(/\nsending {7}\S+Z {2}after \d+ ms\n/);
    expect(stdout).toMatch(/\ndelivered {5}\S+Z {2}after 10 min\nread {10}\S+Z {2}after 4\.2 s\n$/);
    const json = answer(await evolutionGuard('sends', 'show', folder, send.sendId, '--json'));
    expect(json).toMatchObject({
      ok: true,
      sends: [{ sendId: send.sendId, life: [{}, {}, {}, {}, { afterMs: 4_200 }] }],
    });
  });

  it('tells an id that the journal does not hold, and ends with 1', async () => {
    const run = await evolutionGuard('sends', 'show', folder, '3EB0NONE');
    expect([run.status, run.stdout]).toEqual([1, expect.stringContaining('no send with the id 3EB0NONE')]);
  });

  it('shows what waits in each chat and whose turn it is', async () => {
    const [first, second] = [1, 2].map(() => newSend({ instance: 'q', chat: 'long@g.us', body }));
    const untouched = newSend({ instance: 'q', chat: 'short@g.us', acceptedAt: Date.now() });
    await store.sends.enlist(owner, 'host-1 4242', 60_000);
    await store.sends.accept(
      owner,
      [first, second, untouched].flatMap((send) => send ?? []),
    );
    await store.sends.begin(owner, first ? [beginning(first)] : []);
    const queues = ['sends', 'queues', folder, '--instance', 'q'];
    const { stdout } = await evolutionGuard(...queues);
    expect(stdout).toMatch(/^\d+ waiting, 1 being sent, 0 unknown\nwaiting {2}sending {2}oldest/);
    expect(stdout).toMatch(/\n1 +1 +\d+ h +q +long@g\.us +host-1 4242, fence 1\n1 +0 .* q +short@g\.us +nobody yet\n$/);
    await store.sends.resign(owner);
    const later = await evolutionGuard(...queues, '--limit', '1');
    expect(later.stdout).toMatch(/a process that is gone, fence 1\nThere may be more chats: --limit\n$/);
    const json = answer(await evolutionGuard(...queues, '--json'));
    expect(json).toMatchObject({ ok: true, sending: 1, chats: [{ chat: 'long@g.us', waiting: 1 }, { holder: null }] });
  });

  it('refuses tables of a release without sends, with the remedy', async () => {
    await store.query('ALTER TABLE {unsettled_send} RENAME TO guard_elsewhere');
    const run = await evolutionGuard('sends', 'queues', folder);
    expect([run.status, run.stderr]).toEqual([1, expect.stringContaining('GUARD_OUTBOX_ABSENT')]);
    expect(run.stderr).toContain('a release without sends');
  });
});

describe('evolution-guard sends', () => {
  it.each([
    [['list', '--state', 'gone'], '--state "gone" is none of accepted, sending, sent'],
    [['list', '--chat', 'somebody'], '--chat "somebody" names no chat: give a number with its country code'],
    [['list', '--limit', '0'], 'whole number from 1'],
    [['list', '--before', 'x'], 'whole number from 1'],
    [['queues', '--instance', ''], '--instance must not be empty'],
    [['show', 'two words'], 'must be the id of a send, or of its message in WhatsApp'],
    [['show'], "missing required argument 'id'"],
  ])('takes %j for a wrong way to use it', async ([command = '', ...options], message) => {
    const { status, stderr } = await evolutionGuard('sends', command, tmpdir(), ...options);
    expect([status, stderr]).toEqual([2, expect.stringContaining(message)]);
  });

  it('says in its help how it is used and what its exit codes mean', async () => {
    const { status, stdout } = await evolutionGuard('sends', 'show', '--help');
    expect(status).toBe(0);
    expect(stdout).toContain('$ evolution-guard sends show ~/evolution-api 3EB0');
    expect(stdout).toContain('Exit codes:');
  });
});
