import { isDeepStrictEqual } from 'node:util';
import { DEAD_LETTER_POLICY, POLICY, type Definitions, type Policy } from './definitions';
import type { Management, PolicedQueue } from './management';

/** A policy of ours that is not as it is to be. */
export interface PolicyChange {
  name: string;
  /** Absent: it is to be made. */
  before?: Policy | undefined;
  /** Absent: it is to be removed. */
  after?: Policy | undefined;
}

/** Another policy that applies to queues which ours is meant for. */
export interface Rival {
  name: string;
  priority: number;
  /** What it sets. */
  keys: readonly string[];
  /** Of the queues looked at. */
  queues: number;
  example: string;
  /** Whether it stays in force when ours is there: only one policy applies to a queue. */
  wins: boolean;
}

export interface PolicyPlan {
  vhost: string;
  changes: readonly PolicyChange[];
  /** Exchange, queue or binding for dead letters to be declared. */
  missing: readonly string[];
  /** Names of the queues that the pattern matches: the first of them, and how many there are. */
  queues: { total: number; names: readonly string[] };
  rivals: readonly Rival[];
  /** Those that ours passes over though it is there: RabbitMQ applies none with a key that the type of a queue lacks. */
  passedOver: readonly string[];
}

/** Compares the broker with what it is to have. Changes nothing. @throws GuardError GUARD_MANAGEMENT_... */
export async function planPolicies(management: Management, wanted: Definitions, pattern: string): Promise<PolicyPlan> {
  const [existing, { total, queues }] = await Promise.all([management.policies(), management.queues(pattern)]);
  const missing = wanted.deadLetters === undefined ? [] : await management.missingDeadLetters(wanted.deadLetters);
  const changes = changesTo(existing, wanted.policies);
  const ours = named(wanted.policies, POLICY);
  const inForce = ours !== undefined && !changes.some(({ name }) => name === POLICY);
  return {
    vhost: management.vhost,
    changes,
    missing,
    queues: { total, names: queues.map(({ name }) => name) },
    rivals: ours ? rivalsOf(ours, existing, queues) : [],
    passedOver: inForce ? queues.filter(({ policy }) => policy == null).map(({ name }) => name) : [],
  };
}

/** First where dead letters go, then what sends them there: they are never without a place. */
export async function applyPolicies(management: Management, wanted: Definitions, plan: PolicyPlan): Promise<void> {
  if (wanted.deadLetters !== undefined && plan.missing.length > 0)
    await management.declareDeadLetters(wanted.deadLetters);
  for (const { name, after } of plan.changes) {
    await (after ? management.putPolicy(after) : management.deletePolicy(name));
  }
}

function changesTo(existing: readonly Policy[], wanted: readonly Policy[]): PolicyChange[] {
  return [DEAD_LETTER_POLICY, POLICY]
    .map((name) => ({ name, before: named(existing, name), after: named(wanted, name) }))
    .filter(({ before, after }) => !isDeepStrictEqual(before, after));
}

const named = (policies: readonly Policy[], name: string) => policies.find((policy) => policy.name === name);

/** The broker itself says which policy applies to a queue: it passes over those that a queue's type cannot have. */
function rivalsOf(ours: Policy, existing: readonly Policy[], queues: readonly PolicedQueue[]): Rival[] {
  return existing
    .filter(({ name }) => name !== POLICY)
    .map(({ name, priority, definition }) => {
      const under = queues.filter((queue) => queue.policy === name);
      const wins = priority >= ours.priority;
      return {
        name,
        priority,
        keys: Object.keys(definition),
        queues: under.length,
        example: under[0]?.name ?? '',
        wins,
      };
    })
    .filter((rival) => rival.queues > 0);
}
