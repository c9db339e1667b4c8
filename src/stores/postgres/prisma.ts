import { PrismaPg } from '@prisma/adapter-pg';
import type { Pool } from 'pg';
import { PrismaClient } from './generated/client';

/** For ordinary reads, over the one pool. A client holds some 20 MB once it is used: one for all stores. */
export const createPrisma = (pool: Pool, schema: string) =>
  new PrismaClient({ adapter: new PrismaPg(pool, { schema }) });

export type { PrismaClient };
