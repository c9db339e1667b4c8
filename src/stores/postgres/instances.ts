import type { Pool } from 'pg';
import type { InstanceStore } from '../instance-store';
import { listArchives, purgeArchives, readArchive, storeArchive } from './credential-archives';
import { noteHistory, purgeHistory, readHistory } from './instance-history';
import {
  adoptOperations,
  advanceOperation,
  beginOperation,
  endOperation,
  listOperations,
  renewOperations,
} from './instance-operations';
import { changeState, readStates } from './instance-states';
import { bury, dueTombstones, findTombstones, forget, listTombstones, unbury } from './tombstones';

/** What is kept of instances in PostgreSQL. */
export function createPostgresInstances(pool: Pool, schema: string): InstanceStore {
  return {
    changeState: (change, version) => changeState(pool, schema, change, version),
    states: (instanceIds) => readStates(pool, schema, instanceIds),
    note: (entry) => noteHistory(pool, schema, entry),
    history: (instanceId, beforeSeq, limit) => readHistory(pool, schema, instanceId, beforeSeq, limit),
    begin: (operation, owner, leaseMs) => beginOperation(pool, schema, operation, owner, leaseMs),
    advance: (...given) => advanceOperation(pool, schema, ...given),
    renew: (ids, owner, leaseMs) => renewOperations(pool, schema, ids, owner, leaseMs),
    end: (id, owner, error) => endOperation(pool, schema, id, owner, error),
    adopt: (owner, leaseMs, limit) => adoptOperations(pool, schema, owner, leaseMs, limit),
    operations: () => listOperations(pool, schema),
    archive: (record, body) => storeArchive(pool, schema, record, body),
    archives: (instanceId) => listArchives(pool, schema, instanceId),
    readArchive: (id) => readArchive(pool, schema, id),
    purgeArchives: (before, limit) => purgeArchives(pool, schema, before, limit),
    bury: (tombstone, retentionMs) => bury(pool, schema, tombstone, retentionMs),
    tombstones: () => listTombstones(pool, schema),
    findTombstones: (idOrName) => findTombstones(pool, schema, idOrName),
    due: (limit) => dueTombstones(pool, schema, limit),
    unbury: (instanceId) => unbury(pool, schema, instanceId),
    forget: (instanceId) => forget(pool, schema, instanceId),
    purgeHistory: (before, limit) => purgeHistory(pool, schema, before, limit),
  };
}
