import type { Pool } from 'pg';
import type { Backlog, OutboxStore } from '../outbox-store';
import { announce } from './announcements';
import { appendEvents } from './append-events';
import { fetchPending } from './fetch-pending';
import { enlist, leasePartitions, releasePartitions, resign } from './lease-partitions';
import { createPrisma, type PrismaClient } from './prisma';
import { purgeDead, purgeDelivered } from './purge-settled';
import { countAttempt, markDelivered, park } from './settle-events';

/**
 * The outbox in PostgreSQL: hot statements by the bare driver, ordinary reads by Prisma, both over one pool.
 *
 * @param pooled whether a pooler hands connections out for a transaction at a time: then the server keeps no plans, and
 * nobody listens.
 */
export function createPostgresOutbox(
  pool: Pool,
  schema: string,
  pooled: boolean,
  prisma: PrismaClient = createPrisma(pool, schema),
): OutboxStore {
  return {
    append: (rows) => appendEvents(pool, schema, !pooled, rows),
    fetch: (request) => fetchPending(pool, schema, request),
    markDelivered: (owner, deliveries) => markDelivered(pool, schema, !pooled, owner, deliveries),
    countAttempt: (seq, reason) => countAttempt(pool, schema, seq, reason),
    park: (seq, reason) => park(pool, schema, seq, reason),
    enlist: (owner, expiryMs) => enlist(pool, schema, owner, expiryMs),
    lease: (owner, leaseMs, most) => leasePartitions(pool, schema, owner, leaseMs, most),
    release: (owner, partitions) => releasePartitions(pool, schema, owner, partitions),
    resign: (owner) => resign(pool, schema, owner),
    announce: (partitions) => (pooled ? Promise.resolve() : announce(pool, schema, partitions)),
    purgeDelivered: (before, limit) => purgeDelivered(pool, schema, before, limit),
    purgeDead: (before, limit) => purgeDead(pool, schema, before, limit),
    backlog: () => readBacklog(prisma),
  };
}

async function readBacklog(prisma: PrismaClient): Promise<Backlog> {
  const [pending, oldest, dead] = await Promise.all([
    prisma.pending.count(),
    prisma.pending.findFirst({ orderBy: { seq: 'asc' }, select: { outbox: { select: { capturedAt: true } } } }),
    prisma.deadLetter.count(),
  ]);
  return { pending, oldestCapturedAt: oldest?.outbox.capturedAt.getTime(), dead };
}
