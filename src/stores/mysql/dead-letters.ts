import type { DeadLetterStore } from '../dead-letters';
import { discardDead } from './discard-dead';
import { findEvent, readPayload } from './find-event';
import { groupUndelivered } from './group-undelivered';
import { listDead } from './list-dead';
import type { MysqlPool } from './pool';
import { readDelivered } from './read-delivered';
import { readExtent } from './read-extent';
import { redriveDead } from './redrive-dead';
import { replayDelivered } from './replay-delivered';

/** Dead letters and replay in MySQL or MariaDB. */
export function createMysqlDeadLetters(pool: MysqlPool, schema: string): DeadLetterStore {
  return {
    list: (filter, stretch) => listDead(pool, schema, filter, stretch),
    find: (eventId) => findEvent(pool, schema, eventId),
    payload: (eventId) => readPayload(pool, schema, eventId),
    groups: () => groupUndelivered(pool, schema),
    readDelivered: (filter, stretch) => readDelivered(pool, schema, filter, stretch),
    extent: () => readExtent(pool, schema),
    redrive: (filter, stretch, options) => redriveDead(pool, schema, filter, stretch, options),
    discard: (filter, stretch, options) => discardDead(pool, schema, filter, stretch, options),
    replay: (filter, stretch, options) => replayDelivered(pool, schema, filter, stretch, options),
  };
}
