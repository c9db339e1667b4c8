import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NewSequence } from '../../src/stores/sequence-store';
import { DATABASES, openTestStore, type TestStore } from '../helpers/test-store';

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

const answer = ({ stdout }: Run) => JSON.parse(stdout) as Record<string, unknown>;

const newSequence = (): NewSequence => ({
  ...{ id: randomUUID(), instance: 'shop', chat: '551188887777@s.whatsapp.net', isHigh: false },
  ...{ definition: '{"secret":1}', definitionHash: 'a'.repeat(64) },
  steps: [
    { kind: 'send', about: 'sendText', state: 'waiting', attempts: 0 },
    { kind: 'http', about: 'POST https://crm.example', state: 'waiting', attempts: 0 },
  ],
});

describe.each(DATABASES)('evolution-guard sequence, on $kind,', ({ create }) => {
  const folder = mkdtempSync(join(tmpdir(), 'sequences-'));
  const [owner, gone] = [randomUUID(), randomUUID()];
  const [waiting, running, left] = [newSequence(), newSequence(), newSequence()];
  let store: TestStore;

  beforeAll(async () => {
    const uri = await create();
    store = await openTestStore(uri);
    const lines = [
      `DATABASE_CONNECTION_URI=${uri}`,
      'GUARD_DATABASE_SCHEMA=guard',
      'DATABASE_CONNECTION_CLIENT_NAME=test',
    ];
    writeFileSync(join(folder, '.env'), lines.join('\n'));
    await store.sends.enlist(owner, 'test', 600_000);
    for (const sequence of [waiting, running]) await store.sequences.accept(owner, sequence);
    await store.sequences.accept(gone, left);
    await store.sequences.begin(owner, running.id);
    await store.sequences.begin(gone, left.id);
    const [send, http] = running.steps;
    const done = { ...send, state: 'done', attempts: 1, messageId: '3EB0A', startedAt: 0 } as const;
    const steps = [
      done,
      { ...http, state: 'running', attempts: 2, startedAt: 0, httpStatus: 503, detail: 'it said 503' },
    ];
    await store.sequences.progress(owner, running.id, { position: 1, steps: steps as NewSequence['steps'] });
  });

  afterAll(async () => {
    await store.close();
    rmSync(folder, { recursive: true });
  });

  it('lists page by page, and only what it is asked for', async () => {
    const first = answer(await evolutionGuard('sequence', 'list', folder, '--limit', '2', '--json'));
    expect(first).toMatchObject({ ok: true, sequences: [{ id: left.id }, { id: running.id }] });
    const second = await evolutionGuard('sequence', 'list', folder, '--before', String(first.next));
    expect(second.stdout).toContain(waiting.id);
    expect(second.stdout).not.toContain(running.id);
    const filter = ['--state', 'waiting', '--chat', '+55 11 98888-7777', '--instance', 'shop', '--json'];
    expect(answer(await evolutionGuard('sequence', 'list', folder, ...filter))).toMatchObject({
      sequences: [{ id: waiting.id }],
      next: null,
    });
  });

  it('shows one step by step, and nothing of what it sends', async () => {
    const { status, stdout } = await evolutionGuard('sequence', 'show', folder, running.id);
    expect(status).toBe(0);
    expect(stdout).toMatch(/0 +send +sendText +done +1x .* 3EB0A/);
    expect(stdout).toMatch(/1 +http +POST https:\/\/crm\.example +running +2x .* 503 it said 503/);
    expect(stdout).not.toContain('secret');
  });

  it('cancels what waits or is left at once, and says of the others when that will be', async () => {
    const cancel = async (id: string) => (await evolutionGuard('sequence', 'cancel', folder, id)).stdout;
    expect(await cancel(waiting.id)).toBe('Cancelled; 0 of 2 steps are done.\n');
    expect(await cancel(left.id)).toBe('Cancelled; 0 of 2 steps are done.\n');
    expect(await cancel(running.id)).toBe('It will be cancelled when step 1 has ended.\n');
    const shown = await evolutionGuard('sequence', 'show', folder, running.id);
    expect(shown.stdout).toContain('running, to be cancelled');
  });

  it('says what is wrong with a request, and has examples', async () => {
    const unknown = await evolutionGuard('sequence', 'show', folder, randomUUID());
    expect([unknown.status, unknown.stderr]).toEqual([1, expect.stringContaining('GUARD_SEQUENCE_UNKNOWN')]);
    const wrong = await evolutionGuard('sequence', 'list', folder, '--state', 'asleep');
    expect([wrong.status, wrong.stderr]).toEqual([2, expect.stringContaining('"asleep" is none of waiting')]);
    expect((await evolutionGuard('sequence', 'cancel', '--help')).stdout).toContain(
      '$ evolution-guard sequence cancel',
    );
  });
});
