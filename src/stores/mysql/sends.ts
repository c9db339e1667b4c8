import type { SendStore } from '../send-store';
import { acceptSends } from './accept-sends';
import { acknowledgeSends } from './acknowledge-sends';
import { adoptSends, keepSends } from './adopt-sends';
import { beginSends } from './begin-sends';
import { findSends, listSends } from './find-sends';
import { finishSends } from './finish-sends';
import { readDepths, readPendingSends, summarizeSends } from './measure-sends';
import type { MysqlPool } from './pool';
import { purgeSends } from './purge-sends';
import { enlistSender, resignSender } from './send-workers';

/** The journal of sends in MySQL or MariaDB. */
export function createMysqlSends(pool: MysqlPool, schema: string): SendStore {
  return {
    enlist: (owner, about, expiryMs) => enlistSender(pool, schema, owner, about, expiryMs),
    resign: (owner) => resignSender(pool, schema, owner),
    accept: (owner, sends) => acceptSends(pool, schema, owner, sends),
    begin: (owner, beginnings) => beginSends(pool, schema, owner, beginnings),
    finish: (owner, outcomes) => finishSends(pool, schema, owner, outcomes),
    acknowledge: (acknowledgements) => acknowledgeSends(pool, schema, acknowledgements),
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
