import type { Clock } from '../core/clock';
import type { Delivery } from './delivery';

export interface Failure {
  code: 'not-json' | 'not-an-event' | 'unprocessable' | 'handler-failed';
  detail: string;
  /** How often the handler was asked by the process that gave up. */
  attempts: number;
}

/** All headers of a message have 64 KiB together. */
const MOST_CHARACTERS = 1_000;

/** Why a message is in the dead letters, beside the headers that it came with. */
export function deadLetterHeaders({ code, detail, attempts }: Failure, { queue }: Delivery, clock: Clock): object {
  return {
    'guard-dead-reason': code,
    'guard-dead-detail': detail.slice(0, MOST_CHARACTERS),
    'guard-dead-attempts': attempts,
    'guard-dead-queue': queue,
    'guard-dead-at': new Date(clock.now()).toISOString(),
  };
}
