import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkPolicies } from '../../src/cli/doctor-policies';
import { readSettings } from '../../src/core/settings';
import { createManagedVhost, type ManagedVhost } from '../helpers/managed-vhost';
import { startManagedRabbitmq, type ManagedRabbitmq } from '../helpers/services';

const ROOT = join(__dirname, '../..');
const WANTED = { GUARD_RABBITMQ_MESSAGE_TTL_SECONDS: '60', GUARD_RABBITMQ_DEAD_LETTER_EXCHANGE: 'parked' };

interface Run {
  status: number;
  stdout: string;
  stderr: string;
}

const answer = ({ stdout }: Run) => JSON.parse(stdout) as Record<string, unknown>;

describe('evolution-guard rabbitmq policies', () => {
  const folder = mkdtempSync(join(tmpdir(), 'policies-'));
  let broker: ManagedRabbitmq;
  let vhost: ManagedVhost;
  let vhosts = 0;

  beforeAll(async () => {
    broker = await startManagedRabbitmq();
  });

  beforeEach(async () => {
    await vhost?.close();
    vhost = await createManagedVhost(broker, `policies-${(vhosts += 1)}`);
    environment({});
  });

  afterAll(async () => {
    await vhost.close();
    await broker.stop();
    rmSync(folder, { recursive: true });
  });

  function environment(variables: Record<string, string>): void {
    const lines = Object.entries({ ...vhost.environment, ...variables }).map(([name, value]) => `${name}='${value}'`);
    writeFileSync(join(folder, '.env'), `${lines.join('\n')}\n`);
  }

  /** Runs the whole program as an operator does. */
  function policies(command: 'print' | 'apply', ...options: string[]): Promise<Run> {
    const main = join(ROOT, 'src/cli/main.ts');
    const args = ['--require', 'tsx/cjs', main, 'rabbitmq', 'policies', command, folder, ...options];
    return new Promise((resolve) => {
      execFile(process.execPath, args, { cwd: ROOT, encoding: 'utf8' }, (error, stdout, stderr) => {
        resolve({ status: error ? Number(error.code) : 0, stdout, stderr });
      });
    });
  }

  const doctor = (variables: Record<string, string> = {}) => {
    const environment = { ...vhost.environment, ...variables };
    return checkPolicies(readSettings(environment), environment);
  };

  const listed = async () => {
    const answer = await broker.ctl(['list_policies', '--vhost', vhost.name, '--formatter', 'json', '--silent']);
    return JSON.parse(answer) as { name: string; definition: string }[];
  };

  it('apply makes exchange, queue and policies, and once more there is nothing to do', async () => {
    environment({ ...WANTED, GUARD_RABBITMQ_MAX_LENGTH: '1000' });
    await vhost.declare('shop.send.message', 'orders');
    const dry = answer(await policies('apply', '--dry-run', '--json'));
    expect(dry).toMatchObject({ outcome: 'would apply', queues: { total: 1, examples: ['shop.send.message'] } });
    expect(await listed()).toEqual([]);

    const { status, stdout } = await policies('apply');
    expect(status).toBe(0);
    expect(stdout).toMatch(/\+ exchange parked\n\+ queue parked\n\+ binding of parked\n\+ policy .*max-length: 1000/s);
    expect(Object.fromEntries((await listed()).map(({ name, definition }) => [name, JSON.parse(definition)]))).toEqual({
      'evolution-guard': {
        'message-ttl': 60_000,
        'max-length': 1000,
        overflow: 'reject-publish',
        'dead-letter-exchange': 'parked',
        'dead-letter-strategy': 'at-least-once',
      },
      'evolution-guard-dead-letters': { 'max-length-bytes': 1_073_741_824, overflow: 'drop-head' },
    });
    expect(answer(await policies('apply', '--json'))).toMatchObject({ ok: true, outcome: 'nothing to do' });
  });

  it('a change is shown key by key, before and after', async () => {
    environment({ ...WANTED, GUARD_RABBITMQ_MAX_LENGTH: '1000' });
    await policies('apply');
    environment({ GUARD_RABBITMQ_MESSAGE_TTL_SECONDS: '30', GUARD_RABBITMQ_DEAD_LETTER_EXCHANGE: 'parked' });
    const { stdout } = await policies('apply');
    expect(stdout).toContain('~ policy evolution-guard\n');
    expect(stdout.match(/^ {4}.*/gm)).toEqual(['    max-length: 1000 -> none', '    message-ttl: 60000 -> 30000']);
  });

  it('what print prints does the same by the hands of an administrator', async () => {
    environment({ ...WANTED, GUARD_RABBITMQ_MAX_LENGTH_BYTES: '1048576' });
    const printed = answer(await policies('print', '--json'));
    const file = join(folder, 'definitions.json');
    writeFileSync(file, JSON.stringify(printed.definitions));
    await broker.ctl(['import_definitions', file]);
    expect(answer(await policies('apply', '--json'))).toMatchObject({ outcome: 'nothing to do' });

    for (const { name } of await listed()) await broker.ctl(['clear_policy', '--vhost', vhost.name, name]);
    for (const command of printed.commands as string[]) await broker.ctl(shellWords(command).slice(1));
    expect(answer(await policies('apply', '--json'))).toMatchObject({ outcome: 'nothing to do' });
    expect((await policies('print')).stdout).toContain((printed.commands as string[])[0]);
  });

  it('policies that no setting wants any more are taken away only where that is said', async () => {
    expect((await policies('apply')).stdout).toMatch(/No policy is wanted.*Nothing to do/s);
    environment(WANTED);
    await policies('apply');
    environment({});
    const refused = await policies('apply');
    expect([refused.status, refused.stderr]).toEqual([1, expect.stringContaining('GUARD_POLICY_UNWANTED')]);
    expect(await doctor()).toMatchObject([{ level: 'warning', text: expect.stringContaining('apply --remove') }]);
    const removed = answer(await policies('apply', '--remove', '--json'));
    expect(removed).toMatchObject({ outcome: 'applied', changes: [{ before: {} }, { before: {} }] });
    expect(await listed()).toEqual([]);
    expect(await vhost.count('parked')).toBe(0);
    expect(await doctor()).toEqual([]);
  });

  it('a policy of others that keeps ours from queues is told, one that queues cannot have is not', async () => {
    environment(WANTED);
    await vhost.declare('shop.call', 'stall.call');
    const set = (...words: string[]) =>
      broker.ctl(['set_policy', '--vhost', vhost.name, '--apply-to', 'queues', ...words]);
    await set('--priority', '0', 'mild', '^stall', '{"delivery-limit":5}');
    await set('--priority', '90', 'mirrored', '.*', '{"ha-mode":"all"}'); // quorum queues pass over it
    const before = answer(await policies('apply', '--json'));
    expect(before.warnings).toEqual([expect.stringMatching(/policy mild .* gives way there, and its delivery-limit/)]);
    await set('--priority', '20', 'strict', '^shop', '{"max-length":5}');
    expect(await doctor(WANTED)).toMatchObject([
      { level: 'ok' },
      {
        level: 'warning',
        text: expect.stringMatching(/policy strict \(priority 20\) applies to 1 of 2 queues, such as shop.call/),
      },
    ]);
  });

  it('doctor tells where policy and settings differ, and what is missing of the dead letters', async () => {
    environment(WANTED);
    expect(await doctor(WANTED)).toMatchObject([
      {
        level: 'warning',
        text: expect.stringMatching(/policy evolution-guard is missing; exchange parked is missing/),
      },
    ]);
    await policies('apply');
    expect(await doctor(WANTED)).toMatchObject([{ level: 'ok' }]);
    await vhost.channel.deleteQueue('parked');
    const other = { ...WANTED, GUARD_RABBITMQ_MESSAGE_TTL_SECONDS: '61', GUARD_RABBITMQ_MAX_LENGTH: '5' };
    const [finding] = await doctor(other);
    expect(finding).toMatchObject({ level: 'warning', about: 'policies' });
    expect(finding?.text.split(/; |: run /)).toEqual([
      'evolution-guard has no max-length, the settings say 5',
      'evolution-guard has message-ttl 60000, the settings say 61000',
      'queue parked is missing',
      'binding of parked is missing',
      'evolution-guard rabbitmq policies apply.',
    ]);
  });

  it('a queue of a type that cannot have the policy is told', async () => {
    environment(WANTED);
    await vhost.channel.assertQueue('old.call', { durable: true });
    await policies('apply');
    expect(await doctor(WANTED)).toMatchObject([
      { level: 'ok' },
      { level: 'warning', text: expect.stringMatching(/1 of 1 queues, such as old.call, are of a type/) },
    ]);
  });

  it('what is deleted for good by the settings is warned of', async () => {
    const variables = { GUARD_RABBITMQ_MESSAGE_TTL_SECONDS: '60' };
    environment(variables);
    await policies('apply');
    const [, warning] = await doctor(variables);
    expect(warning).toMatchObject({ level: 'warning', text: expect.stringContaining('deleted for good') });
  });

  it('a user without the right, and a broker without the plugin, are told with their remedy', async () => {
    await broker.ctl(['add_user', `plain-${vhost.name}`, 'secret']);
    const url = new URL(broker.managementUrl);
    const plain = Object.assign(new URL(url), { username: `plain-${vhost.name}`, password: 'secret' }).href;
    environment({ ...WANTED, GUARD_RABBITMQ_MANAGEMENT_URL: plain });
    const refused = await policies('apply');
    expect([refused.status, refused.stderr]).toEqual([
      1,
      expect.stringMatching(/GUARD_MANAGEMENT_REFUSED.*policymaker/s),
    ]);
    expect(refused.stderr).not.toContain('secret');

    const nobody = { GUARD_RABBITMQ_MANAGEMENT_URL: 'http://127.0.0.1:1' };
    expect(await doctor({ ...WANTED, ...nobody })).toMatchObject([
      { level: 'warning', text: expect.stringMatching(/GUARD_MANAGEMENT_UNREACHABLE.*rabbitmq_management/s) },
    ]);
    expect(await doctor(nobody)).toEqual([]);
  });
});

/** As a POSIX shell splits a line without anything but words and single quotes. */
function shellWords(line: string): string[] {
  return [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? '');
}
