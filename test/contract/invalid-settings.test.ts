import { describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { hostCommand } from '../../scripts/host/running-host';
import { program } from './host-under-test';

const NOWHERE = '127.0.0.1:1';

describe(`${program.name}, guarded with mistakes in its settings`, () => {
  it('does not start, and one message lists every mistake', async () => {
    const { command } = await hostCommand(program, {
      databaseUrl: `postgresql://${NOWHERE}/none`,
      brokerUrl: `amqp://${NOWHERE}`,
      apiKey: 'unused',
      guarded: true,
      variables: { GUARD_RELAY_WINDOW: 'zero', GUARD_NO_SUCH: '1', DATABASE_PROVIDER: 'oracle' },
    });
    const child = spawn(command.command, command.args, { env: command.env, stdio: ['ignore', 'ignore', 'pipe'] });
    const [stderr] = await Promise.all([text(child.stderr), once(child, 'exit')]);

    expect(child.exitCode).toBe(1);
    expect(stderr.match(/GUARD_SETTINGS_INVALID/g)).toHaveLength(1);
    expect(stderr).toContain('GUARD_RELAY_WINDOW: must be a whole number from 1 to 5000');
    expect(stderr).toContain('GUARD_NO_SUCH: no such setting');
    expect(stderr).toContain('DATABASE_PROVIDER: must be postgresql, psql_bouncer or mysql');
    expect(stderr).not.toContain('ECONNREFUSED');
  });
});
