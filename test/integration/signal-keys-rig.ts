import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Redis from 'ioredis';
import { CredentialCache } from '../../src/cache/credential-cache';
import { PrimaryCache } from '../../src/cache/primary-cache';
import { SignalKeyFiles } from '../../src/cache/signal-key-files';
import { SignalKeyMoves } from '../../src/cache/signal-key-moves';
import { SignalKeys } from '../../src/cache/signal-keys';
import { UnreadCredentials } from '../../src/cache/waiting/unread-credentials';
import { WaitingCredentials } from '../../src/cache/waiting/waiting-credentials';
import { systemClock } from '../../src/core/clock';
import { createLog } from '../../src/core/log';
import { readRedisPlace } from '../../src/core/redis-place';
import { BypassedKeys } from '../../src/stores/credentials/bypassed-keys';
import { KeyHashes } from '../../src/stores/credentials/key-hashes';
import { openRedis } from '../../src/stores/redis/open-redis';

/** Called before and after each step of a move; what it throws is a crash there. */
export type Steps = (step: string) => void;

export interface KeysRig {
  redis: Redis;
  hostDir: string;
  instancesDir: string;
  id: string;
  hash: string;
  marker: string;
  /** The cache as a process of the host has it, wired as in src/compose-cache.ts. */
  open(inFiles: boolean, steps?: Steps): Opened;
  /** Texts of the instance's files of keys, by name. */
  files(): Promise<Record<string, string>>;
  /** Fields of the hash, decoded as the host does it. */
  fields(): Promise<Record<string, unknown>>;
  stop(): Promise<void>;
}

export interface Opened {
  cache: SignalKeys;
  waiting: WaitingCredentials;
  unread: UnreadCredentials;
  stored: PrimaryCache;
  steps: string[];
}

export async function openKeysRig(url: string): Promise<KeysRig> {
  const [redis, prefix, id, log] = [new Redis(url), `keys-${randomUUID()}`, randomUUID(), createLog('silent')];
  const hostDir = await mkdtemp(join(tmpdir(), 'guard-keys-'));
  const instancesDir = join(hostDir, 'instances');
  const place = readRedisPlace(url);
  if (!place) throw new Error(`${url} is no place`);
  const link = openRedis({ place, prefix, limitMs: 1_000, clock: systemClock, random: Math.random, log });
  if (!link.state().isUp) await new Promise((resolve) => link.onChange((isUp) => isUp && resolve(undefined)));
  const folder = join(instancesDir, id);
  return {
    redis,
    hostDir,
    instancesDir,
    id,
    hash: `${prefix}:instance:${id}`,
    marker: join(folder, 'evolution-guard-signal-keys'),
    open: (inFiles, crash = () => undefined) => {
      const steps: string[] = [];
      const step = async <T>(name: string, work: () => Promise<T>) => {
        crash(`before ${name}`);
        steps.push(name);
        const result = await work();
        crash(`after ${name}`);
        return result;
      };
      const stored = new PrimaryCache({ link, prefix, module: 'instance', ttlSeconds: 60 });
      const hashes = new KeyHashes({ link: () => link, prefix, instancesDir });
      const [waiting, unread] = [
        new WaitingCredentials({ instancesDir, clock: systemClock, log }),
        new UnreadCredentials(log),
      ];
      const [files, whole] = [new BypassedKeys(instancesDir), new BypassedKeys(instancesDir)];
      files.read = (of) => step('read of the files', () => whole.read(of));
      files.write = (of, keys) => step('write of the files', () => whole.write(of, keys));
      files.remove = (of) => step('removal of the files', () => whole.remove(of));
      const credentials = new CredentialCache({ cache: stored, waiting, unread });
      const moves = new SignalKeyMoves({
        inFiles,
        hashes: { read: (of) => step('read of the hash', () => hashes.read(of)) },
        files,
        writes: {
          hSet: (of, field, value) => step('write of a field', () => stored.hSet(of, field, value)),
          hDelete: (of, field) => step('removal of a field', () => stored.hDelete(of, field)),
        },
        waiting,
        log,
      });
      const keys = inFiles ? new SignalKeyFiles(files, unread) : credentials;
      return { cache: new SignalKeys({ credentials, keys, files, moves }), waiting, unread, stored, steps };
    },
    files: async () => {
      const names = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.json')).sort();
      const texts = names.map(async (name) => [name, await readFile(join(folder, name), 'utf8')] as const);
      return Object.fromEntries(await Promise.all(texts));
    },
    fields: async () => {
      const all = Object.entries(await redis.hgetall(`${prefix}:instance:${id}`));
      return Object.fromEntries(all.map(([field, value]) => [field, JSON.parse(value) as unknown]));
    },
    stop: async () => {
      link.stop();
      const left = await redis.keys(`*${prefix}*`).catch(() => []);
      if (left.length > 0) await redis.del(left);
      redis.disconnect();
      await rm(hostDir, { recursive: true });
    },
  };
}
