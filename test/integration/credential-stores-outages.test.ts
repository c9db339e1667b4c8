import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Redis from 'ioredis';
import { KeyHashes } from '../../src/stores/credentials/key-hashes';
import { credentialsIn } from '../../src/stores/credentials/stores';
import type { CredentialStore } from '../../src/stores/credentials';
import type { RedisLink } from '../../src/stores/redis/redis-link';
import { sharedRedis, startRedis, type RunningService } from '../helpers/services';
import { openLink } from './cache-audit-rig';

const credentials = { creds: '{"registrationId":7}', keys: new Map([['pre-key-7', '{}']]) };
const failure = { code: 'GUARD_CREDENTIALS_PLACE' };
const opened: RedisLink[] = [];

function open(uri: string): CredentialStore {
  const instancesDir = join(tmpdir(), randomUUID());
  const link = openLink(uri, 'test');
  opened.push(link);
  return credentialsIn(new KeyHashes({ link: () => link, prefix: 'test', instancesDir }));
}

afterEach(() => opened.splice(0).forEach((link) => link.stop()));

describe('credentials in a Redis that fails', () => {
  let server: RunningService;

  beforeAll(async () => {
    server = await startRedis({ private: true });
  });

  afterAll(() => server.stop());

  const id = randomUUID();

  async function expectRefusals(store: CredentialStore): Promise<void> {
    await expect(store.read(id)).rejects.toMatchObject(failure);
    await expect(store.write(id, credentials)).rejects.toMatchObject(failure);
    await expect(store.remove(id)).rejects.toMatchObject(failure);
  }

  it('tell of it while it is away, and are reached when it is back', async () => {
    const store = open(server.url);
    await store.write(id, credentials);
    await server.kill();
    await expectRefusals(store);
    await server.restart();
    const back = open(server.url);
    await back.write(id, credentials);
    expect(await back.read(id)).toEqual(credentials);
  });

  it('tell of it when it stands still', async () => {
    const store = open(server.url);
    await store.write(id, credentials);
    await server.pause();
    const before = performance.now();
    await expect(store.remove(id)).rejects.toMatchObject(failure);
    expect(performance.now() - before).toBeLessThan(10_000);
    await server.resume();
  });

  it('are read from the primary of a replica, and written to it', async () => {
    const url = await sharedRedis();
    const { hostname, port } = new URL(url);
    const replica = new Redis(server.url);
    await replica.replicaof(hostname, port);
    await replica.config('SET', 'replica-read-only', 'no');
    const other = randomUUID();
    const name = `test:instance:${other}`;
    await open(server.url).write(other, credentials);
    await replica.hset(name, 'pre-key-7', 'what only the replica says');
    expect(await open(server.url).read(other)).toEqual(credentials);
    await open(url).remove(other);
    expect(await open(server.url).read(other)).toBeUndefined();
    replica.disconnect();
  });
});
