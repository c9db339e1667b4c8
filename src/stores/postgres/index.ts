import type { Pool } from 'pg';
import type { Backlog, OutboxStore } from '../outbox-store';
import { appendEvents } from './append-events';
import { fetchPending } from './fetch-pending';
import { leasePartitions, releasePartitions } from './lease-partitions';
import { createPrisma, type PrismaClient } from './prisma';
import { purgeDelivered } from './purge-delivered';
import { markDelivered, park } from './settle-events';

/** The outbox in PostgreSQL: hot statements by the bare driver, ordinary reads by Prisma, both over one pool. */
export function createPostgresOutbox(
  pool: Pool,
  schema: string,
  prisma: PrismaClient = createPrisma(pool, schema),
): OutboxStore {
  return {
    append: (rows) => appendEvents(pool, schema, rows),
    fetch: (request) => fetchPending(pool, schema, request),
    markDelivered: (seqs) => markDelivered(pool, schema, seqs),
    park: (seq, reason) => park(pool, schema, seq, reason),
    lease: (owner, leaseMs) => leasePartitions(pool, schema, owner, leaseMs),
    release: (owner) => releasePartitions(pool, schema, owner),
    purgeDelivered: (before, limit) => purgeDelivered(pool, schema, before, limit),
    backlog: () => readBacklog(prisma),
  };
}

async function readBacklog(prisma: PrismaClient): Promise<Backlog> {
  const pending = { deliveredAt: null, deadAt: null };
  const [waiting, oldest, dead] = await Promise.all([
    prisma.outbox.count({ where: pending }),
    prisma.outbox.findFirst({ where: pending, orderBy: { seq: 'asc' }, select: { capturedAt: true } }),
    prisma.outbox.count({ where: { deadAt: { not: null } } }),
  ]);
  return { pending: waiting, oldestCapturedAt: oldest?.capturedAt.getTime(), dead };
}
