import type { SequenceStore } from '../sequence-store';
import { acceptSequence } from './accept-sequence';
import { adoptSequences } from './adopt-sequences';
import { beginSequence, endSequence, writeProgress } from './advance-sequence';
import { cancelSequence, findCancelling } from './cancel-sequence';
import { findSequence, listSequences, purgeSequences } from './find-sequences';
import type { MysqlPool } from './pool';

/** Sequences in MySQL or MariaDB. */
export function createMysqlSequences(pool: MysqlPool, schema: string): SequenceStore {
  return {
    accept: (owner, sequence) => acceptSequence(pool, schema, owner, sequence),
    begin: (owner, id) => beginSequence(pool, schema, owner, id),
    progress: (owner, id, progress) => writeProgress(pool, schema, owner, id, progress),
    end: (owner, id, end) => endSequence(pool, schema, owner, id, end),
    adopt: (...given) => adoptSequences(pool, schema, ...given),
    cancel: (id) => cancelSequence(pool, schema, id),
    cancelling: (owner) => findCancelling(pool, schema, owner),
    find: (id) => findSequence(pool, schema, id),
    list: (filter, beforeSeq, limit) => listSequences(pool, schema, filter, beforeSeq, limit),
    purge: (before, limit) => purgeSequences(pool, schema, before, limit),
  };
}
