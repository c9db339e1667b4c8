import Redis from 'ioredis';
import { randomUUID } from 'node:crypto';
import { auditCache, type AuditOptions, type AuditReport } from '../../src/cache/audit/audit-cache';
import { systemClock } from '../../src/core/clock';
import { createLog } from '../../src/core/log';
import { readRedisPlace } from '../../src/core/redis-place';
import type { HostAuditRows } from '../../src/stores/host-audit-rows';
import { openHostAuditRows } from '../../src/stores/open-host-audit-rows';
import { openRedis } from '../../src/stores/redis/open-redis';
import type { RedisLink } from '../../src/stores/redis/redis-link';
import { openHostTables, type HostTables } from '../helpers/host-tables';
import { isMariadb } from '../helpers/test-store';

export const CLIENT = 'client';
export const SECRET = 'c2VjcmV0IGtleQ==';
const DAY_S = 86_400;

/** Credentials as the host writes them, encoded twice. */
export function credsOf(number?: string): string {
  const creds = {
    noiseKey: { private: { type: 'Buffer', data: SECRET } },
    ...(number && { me: { id: `${number}:7@s.whatsapp.net`, lid: '99:7@lid' } }),
  };
  return JSON.stringify(JSON.stringify(creds));
}

export interface InstanceShape {
  id: string;
  status?: 'open' | 'close' | 'connecting';
  number?: string;
  /** Days since its row was changed. */
  age?: number;
  clientName?: string;
  /** Of the table Session. */
  creds?: string;
}

export interface CacheAuditRig {
  tables: HostTables;
  redis: Redis;
  link: RedisLink;
  rows: HostAuditRows;
  prefix: string;
  /** The whole name of a key of the host. */
  key: (module: string, rest: string) => string;
  addInstance: (shape: InstanceShape) => Promise<void>;
  /** A hash of a session, last used so many days ago. */
  addHash: (owner: string, fields: Record<string, string>, idleDays?: number) => Promise<void>;
  audit: (options?: Partial<AuditOptions>) => Promise<AuditReport>;
  /** Every key under the prefix, with its size and whether it ends; that does not count as use. */
  content: () => Promise<Record<string, unknown>>;
  stop: () => Promise<void>;
}

export async function openCacheAuditRig(databaseUrl: string, redisUrl: string): Promise<CacheAuditRig> {
  const tables = await openHostTables(databaseUrl);
  for (const statement of tablesOf(isMariadb(databaseUrl))) await tables.query(statement);
  const [redis, log] = [new Redis(redisUrl), createLog('silent')];
  const rows = openHostAuditRows({ uri: databaseUrl, log });
  const prefix = `audit[${randomUUID().slice(0, 8)}]`;
  const link = openLink(redisUrl, prefix);
  const key = (module: string, rest: string) => `${prefix}:${module}:${rest}`;
  const content = async () => {
    const all: Record<string, unknown> = {};
    for (const name of (await redis.keys(`*${prefix.slice(6, 14)}*`)).sort()) {
      all[name] = [(await redis.ttl(name)) >= 0, await redis.call('MEMORY', 'USAGE', name)];
    }
    return all;
  };
  return {
    tables,
    redis,
    link,
    rows,
    prefix,
    key,
    content,
    async addInstance({ id, status = 'open', number, age = 0, clientName = CLIENT, creds }) {
      const owner = number === undefined ? 'NULL' : `'${number}@s.whatsapp.net'`;
      const changed = isMariadb(databaseUrl)
        ? `NOW() - INTERVAL ${age} DAY`
        : `now() AT TIME ZONE 'UTC' - interval '${age} days'`;
      await tables.query(
        `INSERT INTO "Instance" ("id", "name", "connectionStatus", "ownerJid", "integration", "clientName", "updatedAt")
         VALUES ('${id}', 'name of ${id}', '${status}', ${owner}, 'WHATSAPP-BAILEYS', '${clientName}', ${changed})`,
      );
      if (creds === undefined) return;
      const text = isMariadb(databaseUrl) ? creds.replaceAll('\\', '\\\\') : creds;
      await tables.query(`INSERT INTO "Session" ("id", "sessionId", "creds") VALUES ('${id}', '${id}', '${text}')`);
    },
    async addHash(owner, fields, idleDays = 0) {
      const name = key('instance', owner);
      await redis.hset(name, fields);
      const dump = (await redis.dumpBuffer(name)) ?? Buffer.alloc(0);
      await redis.restore(name, 0, dump, 'REPLACE', 'IDLETIME', Math.round(idleDays * DAY_S));
    },
    audit: (options) =>
      auditCache({
        link,
        rows,
        prefix,
        clientName: CLIENT,
        places: { usesProvider: false, saveInRedis: false, saveInDatabase: true, keysInFiles: false },
        isWaiting: () => Promise.resolve(false),
        ttlSeconds: 600,
        repairs: false,
        clock: systemClock,
        ...options,
      }),
    async stop() {
      link.stop();
      await redis.quit();
      await rows.stop();
      await tables.close();
    },
  };
}

export function openLink(url: string, prefix: string): RedisLink {
  const place = readRedisPlace(url);
  if (!place) throw new Error(`${url} is no place`);
  const log = createLog('silent');
  return openRedis({ place, prefix, limitMs: 5_000, clock: systemClock, random: Math.random, log });
}

/** What the audit reads of the host's beside what others do. */
function tablesOf(inMysql: boolean): string[] {
  const [id, json, flag] = inMysql ? ['varchar(191)', 'json', 'tinyint(1)'] : ['text', 'jsonb', 'boolean'];
  return [
    `ALTER TABLE "Instance" ADD COLUMN "updatedAt" timestamp NULL`,
    `CREATE TABLE "Chatwoot" ("id" ${id} PRIMARY KEY, "enabled" ${flag}, "url" varchar(500), "token" varchar(100),
       "signMsg" ${flag}, "signDelimiter" varchar(100), "ignoreJids" ${json}, "updatedAt" timestamp NULL,
       "instanceId" ${id} NOT NULL UNIQUE REFERENCES "Instance" ("id") ON DELETE CASCADE)`,
  ];
}
