import type { Pool } from 'pg';
import type { DeadLetterStore, EventRecord } from '../dead-letters';
import { discardDead } from './discard-dead';
import { groupUndelivered } from './group-undelivered';
import { listDead } from './list-dead';
import { createPrisma, type PrismaClient } from './prisma';
import { readDelivered } from './read-delivered';
import { readExtent } from './read-extent';
import { redriveDead } from './redrive-dead';
import { replayDelivered } from './replay-delivered';

/** Dead letters and replay in PostgreSQL: changes by sets through the bare driver, single events through Prisma. */
export function createPostgresDeadLetters(
  pool: Pool,
  schema: string,
  prisma: PrismaClient = createPrisma(pool, schema),
): DeadLetterStore {
  return {
    list: (filter, stretch) => listDead(pool, schema, filter, stretch),
    find: (eventId) => findEvent(prisma, eventId),
    payload: async (eventId) =>
      (await prisma.outbox.findFirst({ where: { eventId }, select: { payload: true } }))?.payload,
    groups: () => groupUndelivered(pool, schema),
    readDelivered: (filter, stretch) => readDelivered(pool, schema, filter, stretch),
    extent: () => readExtent(pool, schema),
    redrive: (filter, stretch, options) => redriveDead(pool, schema, filter, stretch, options),
    discard: (filter, stretch, options) => discardDead(pool, schema, filter, stretch, options),
    replay: (filter, stretch, options) => replayDelivered(pool, schema, filter, stretch, options),
  };
}

async function findEvent(prisma: PrismaClient, eventId: string): Promise<EventRecord[]> {
  const rows = await prisma.outbox.findMany({
    where: { eventId },
    orderBy: { seq: 'asc' },
    omit: { payload: true, target: true, partition: true, chatKey: true, receiverKey: true },
    include: { pending: true, delivered: true, deadLetter: true },
  });
  return rows.map(({ pending, delivered, deadLetter, ...row }) => ({
    ...row,
    seq: Number(row.seq),
    chatSequence: Number(row.chatSequence),
    attempts: deadLetter?.attempts ?? pending?.attempts ?? 0,
    lastError: deadLetter?.lastError ?? pending?.lastError ?? null,
    deliveredAt: delivered?.deliveredAt ?? null,
    deadAt: deadLetter?.deadAt ?? null,
  }));
}
