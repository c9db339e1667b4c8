import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { connect, type ChannelModel } from 'amqplib';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readlinkSync } from 'node:fs';
import { connect as connectTcp } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { createConnection } from 'mariadb';
import { Client } from 'pg';
import { connectionOptions } from '../../src/stores/mysql/connection-options';
import {
  createDatabase,
  createMariadbDatabase,
  createVhost,
  sharedMariadb,
  sharedPostgres,
  startMariadb,
  startPostgres,
  startRabbitmq,
  startRedis,
  type RunningRabbitmq,
  type RunningService,
} from '../helpers/services';

/** Killed within a second of a quorum queue's declaration, RabbitMQ 3.10 brings it back without leader or messages. */
const YOUNG_QUEUE_MS = 2000;

describe('a private PostgreSQL', () => {
  let server: RunningService;
  beforeAll(async () => {
    server = await startPostgres({ private: true });
  });
  afterAll(() => server.stop());

  it('listens on 127.0.0.1 only', async () => {
    expect(await accepts('127.0.0.1', server.url)).toBe(true);
    expect(await accepts('127.0.0.2', server.url)).toBe(false);
  });

  it('survives SIGKILL and restart with its data', async () => {
    await query(server.url, 'CREATE TABLE kept AS SELECT 7 AS number');
    const { pid } = server;
    await server.kill('SIGKILL');
    await expect(query(server.url, 'SELECT 1')).rejects.toThrow('ECONNREFUSED');

    await server.restart();
    expect(server.pid).not.toBe(pid);
    expect(await query(server.url, 'SELECT number FROM kept')).toEqual([{ number: 7 }]);
  });

  it('is silent on open connections while it is paused, and answers after', async () => {
    const client = new Client({ connectionString: server.url });
    await client.connect();
    await server.pause();
    const answer = client.query('SELECT 1').then(() => 'answered');
    expect(await Promise.race([answer, sleep(300, 'silent')])).toBe('silent');

    await server.resume();
    expect(await answer).toBe('answered');
    await client.end();
  });

  it('writes through to the disk, as what a test calls durable has to be', async () => {
    expect(await query(server.url, 'SHOW fsync')).toEqual([{ fsync: 'on' }]);
  });

  it('runs beside another one, and its stop deletes its data', async () => {
    const other = await startPostgres({ private: true });
    const folder = folderOf(other);
    expect(other.url).not.toBe(server.url);
    expect(await query(other.url, `SELECT to_regclass('kept') AS found`)).toEqual([{ found: null }]);
    await other.stop();
    expect(existsSync(folder)).toBe(false);
  });
});

describe('a private MariaDB', () => {
  let server: RunningService;
  beforeAll(async () => {
    server = await startMariadb({ private: true });
  });
  afterAll(() => server.stop());

  it('listens on 127.0.0.1 only', async () => {
    expect(await accepts('127.0.0.1', server.url)).toBe(true);
    expect(await accepts('127.0.0.2', server.url)).toBe(false);
  });

  it('survives SIGKILL and restart with what was committed', async () => {
    await mariadbQuery(server.url, 'CREATE TABLE kept AS SELECT 7 AS number');
    const { pid } = server;
    await server.kill('SIGKILL');
    await expect(mariadbQuery(server.url, 'SELECT 1')).rejects.toThrow('ECONNREFUSED');

    await server.restart();
    expect(server.pid).not.toBe(pid);
    expect(await mariadbQuery(server.url, 'SELECT number FROM kept')).toEqual([{ number: 7 }]);
  });

  it('is silent while it is paused, and answers after', async () => {
    await server.pause();
    const answer = mariadbQuery(server.url, 'SELECT 1').then(() => 'answered');
    expect(await Promise.race([answer, sleep(300, 'silent')])).toBe('silent');

    await server.resume();
    expect(await answer).toBe('answered');
  });

  it('syncs every commit, as what a test calls durable has to be', async () => {
    const variable = 'SELECT @@innodb_flush_log_at_trx_commit AS synced';
    expect(await mariadbQuery(server.url, variable)).toEqual([{ synced: 1 }]);
  });
});

describe('a private RabbitMQ', () => {
  let server: RunningRabbitmq;
  beforeAll(async () => {
    server = await startRabbitmq({ private: true });
  });
  afterAll(() => server.stop());

  it('listens on 127.0.0.1 only', async () => {
    expect(await accepts('127.0.0.1', server.url)).toBe(true);
    expect(await accepts('127.0.0.2', server.url)).toBe(false);
  });

  it("keeps a quorum queue's messages over SIGKILL and restart", async () => {
    await withBroker(server.url, async (connection) => {
      const channel = await connection.createConfirmChannel();
      await channel.assertQueue('kept', { durable: true, arguments: { 'x-queue-type': 'quorum' } });
      channel.sendToQueue('kept', Buffer.from('still here'), { persistent: true });
      await channel.waitForConfirms();
    });
    await sleep(YOUNG_QUEUE_MS);

    const { pid } = server;
    await server.kill('SIGKILL');
    await server.restart();
    expect(server.pid).not.toBe(pid);

    await withBroker(server.url, async (connection) => {
      const channel = await connection.createChannel();
      const message = await channel.get('kept', { noAck: true });
      expect(message && message.content.toString()).toBe('still here');
    });
  });

  it('takes the commands of rabbitmqctl', async () => {
    await server.ctl(['set_vm_memory_high_watermark', '0.3']);
    expect(await server.ctl(['eval', 'vm_memory_monitor:get_vm_memory_high_watermark().'])).toBe('0.3\n');
  });
});

describe('a private Redis', () => {
  let server: RunningService;
  beforeAll(async () => {
    server = await startRedis({ private: true });
  });
  afterAll(() => server.stop());

  it('listens on 127.0.0.1 only', async () => {
    expect(await accepts('127.0.0.1', server.url)).toBe(true);
    expect(await accepts('127.0.0.2', server.url)).toBe(false);
  });

  it('is empty on the same port after a restart', async () => {
    expect(await redis(server.url, 'SET key value')).toBe('+OK');
    const { url } = server;
    await server.restart();
    expect(server.url).toBe(url);
    expect(await redis(server.url, 'GET key')).toBe('$-1');
  });
});

describe('a server that was started for tests', () => {
  it.each(['startPostgres', 'startMariadb', 'startRabbitmq', 'startRedis'])(
    'ends with its parent even when that is killed with SIGKILL, and leaves no files: %s',
    async (start) => {
      const program = `require('./scripts/services').${start}({ private: true }).then(({ pid }) => console.log(pid))`;
      const parent = spawn(process.execPath, ['--import', 'tsx', '--eval', program], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const [line] = (await once(parent.stdout, 'data')) as [Buffer];
      const pid = Number(line.toString());
      const folder = readlinkSync(`/proc/${pid}/cwd`);

      parent.kill('SIGKILL');
      await once(parent, 'exit');
      await until(() => !existsSync(`/proc/${pid}`) && !existsSync(folder));
    },
  );
});

describe('a server that the environment names', () => {
  afterEach(() => {
    delete process.env['GUARD_TEST_REDIS_URL'];
  });

  it('is used as it stands and cannot be controlled', async () => {
    process.env['GUARD_TEST_REDIS_URL'] = 'redis://redis.example:6379';
    const server = await startRedis();
    expect(server).toMatchObject({ how: 'given', url: 'redis://redis.example:6379', pid: undefined });
    await expect(server.stop()).rejects.toThrow('GUARD_TEST_REDIS_URL');
    await expect(server.kill()).rejects.toThrow('{ private: true }');
  });

  it('is left alone by who asks for a private one', async () => {
    process.env['GUARD_TEST_REDIS_URL'] = 'redis://redis.example:6379';
    const server = await startRedis({ private: true });
    expect(new URL(server.url).hostname).toBe('127.0.0.1');
    await server.stop();
  });
});

describe('the servers that all test files share', () => {
  it('give each file an empty database of its own', async () => {
    const [one, other] = [await createDatabase(), await createDatabase()];
    expect(new URL(one).host).toBe(new URL(await sharedPostgres()).host);
    await query(one, 'CREATE TABLE mine ()');
    expect(await query(other, `SELECT to_regclass('mine') AS found`)).toEqual([{ found: null }]);
  });

  it('give each file an empty database of its own on MariaDB', async () => {
    const [one, other] = [await createMariadbDatabase(), await createMariadbDatabase()];
    expect(new URL(one).host).toBe(new URL(await sharedMariadb()).host);
    await mariadbQuery(one, 'CREATE TABLE mine (id INT)');
    expect(await mariadbQuery(other, 'SHOW TABLES')).toEqual([]);
  });

  // A broker that was given has but the one virtual host that its URL names.
  const itWithVhosts = process.env['GUARD_TEST_RABBITMQ_URL'] ? it.skip : it;
  itWithVhosts('give each file an empty virtual host of its own', async () => {
    const [one, other] = [await createVhost(), await createVhost()];
    await withBroker(one, async (connection) => {
      await (await connection.createChannel()).assertQueue('mine');
    });
    await withBroker(other, async (connection) => {
      const channel = await connection.createChannel();
      channel.on('error', () => {});
      await expect(channel.checkQueue('mine')).rejects.toThrow('NOT_FOUND');
    });
  });
});

async function query(url: string, statement: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(statement)).rows;
  } finally {
    await client.end();
  }
}

async function mariadbQuery(url: string, statement: string): Promise<unknown[]> {
  const connection = await createConnection(connectionOptions(url));
  try {
    return await connection.query<unknown[]>(statement);
  } finally {
    await connection.end();
  }
}

async function withBroker(url: string, use: (connection: ChannelModel) => Promise<void>): Promise<void> {
  const connection = await connect(url);
  try {
    await use(connection);
  } finally {
    await connection.close();
  }
}

/** Sends one inline command and returns the first line of the answer. */
async function redis(url: string, command: string): Promise<string | undefined> {
  const socket = connectTcp(Number(new URL(url).port), '127.0.0.1');
  socket.write(`${command}\r\n`);
  const [data] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  return data.toString().split('\r\n')[0];
}

function accepts(host: string, url: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connectTcp(Number(new URL(url).port), host);
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

function folderOf(server: RunningService): string {
  return readlinkSync(`/proc/${server.pid}/cwd`);
}

async function until(holds: () => boolean): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`this never came about: ${holds.toString()}`);
    await sleep(50);
  }
}
