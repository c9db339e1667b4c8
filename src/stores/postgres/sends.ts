import type { Pool } from 'pg';
import type { SendStore } from '../send-store';
import { acceptSends } from './accept-sends';
import { acknowledgeSends } from './acknowledge-sends';
import { adoptSends, keepSends } from './adopt-sends';
import { beginSends } from './begin-sends';
import { findSends, listSends } from './find-sends';
import { finishSends } from './finish-sends';
import { readDepths, readPendingSends, summarizeSends } from './measure-sends';
import { purgeSends } from './purge-sends';
import { planNames } from './send-plans';
import { enlistSender, resignSender } from './send-workers';

/**
 * The journal of sends in PostgreSQL.
 *
 * @param pooled whether a pooler hands connections out for a transaction at a time: then the server keeps no plans.
 */
export function createPostgresSends(pool: Pool, schema: string, pooled: boolean): SendStore {
  const nameOf = planNames(!pooled);
  return {
    enlist: (owner, about, expiryMs) => enlistSender(pool, schema, owner, about, expiryMs),
    resign: (owner) => resignSender(pool, schema, owner),
    accept: (owner, sends) => acceptSends(pool, schema, nameOf, owner, sends),
    begin: (owner, beginnings) => beginSends(pool, schema, nameOf, owner, beginnings),
    finish: (owner, outcomes) => finishSends(pool, schema, nameOf, owner, outcomes),
    acknowledge: (acknowledgements) => acknowledgeSends(pool, schema, nameOf, acknowledgements),
    adopt: (...given) => adoptSends(pool, schema, ...given),
    keep: (...given) => keepSends(pool, schema, ...given),
    find: (id) => findSends(pool, schema, id),
    list: (filter, beforeSeq, limit) => listSends(pool, schema, filter, beforeSeq, limit),
    depths: (filter, limit) => readDepths(pool, schema, filter, limit),
    pending: (before, limit) => readPendingSends(pool, schema, before, limit),
    summary: () => summarizeSends(pool, schema),
    purge: (before, limit) => purgeSends(pool, schema, before, limit),
  };
}
