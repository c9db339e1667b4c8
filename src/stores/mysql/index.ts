import type { OutboxStore } from '../outbox-store';
import { appendEvents } from './append-events';
import { fetchPending } from './fetch-pending';
import { enlist, leasePartitions, releasePartitions, resign } from './lease-partitions';
import type { MysqlPool } from './pool';
import { purgeDead, purgeDelivered } from './purge-settled';
import { readBacklog } from './read-extent';
import { countAttempt, markDelivered, park } from './settle-events';

/** The outbox in MySQL or MariaDB. They cannot tell other processes of rows; relays look for them by themselves. */
export function createMysqlOutbox(pool: MysqlPool, schema: string): OutboxStore {
  return {
    append: (rows) => appendEvents(pool, schema, rows),
    fetch: (request) => fetchPending(pool, schema, request),
    markDelivered: (owner, deliveries) => markDelivered(pool, schema, owner, deliveries),
    countAttempt: (seq, reason) => countAttempt(pool, schema, seq, reason),
    park: (seq, reason) => park(pool, schema, seq, reason),
    enlist: (owner, expiryMs) => enlist(pool, schema, owner, expiryMs),
    lease: (owner, leaseMs, most) => leasePartitions(pool, schema, owner, leaseMs, most),
    release: (owner, partitions) => releasePartitions(pool, schema, owner, partitions),
    resign: (owner) => resign(pool, schema, owner),
    announce: () => Promise.resolve(),
    purgeDelivered: (before, limit) => purgeDelivered(pool, schema, before, limit),
    purgeDead: (before, limit) => purgeDead(pool, schema, before, limit),
    backlog: () => readBacklog(pool, schema),
  };
}
