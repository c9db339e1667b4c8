/** What is wrong with a key: nobody has it, it says something else than the database, or it is not there. */
export const FINDING_KINDS = ['orphan', 'stale', 'missing'] as const;
export type FindingKind = (typeof FINDING_KINDS)[number];

/** What exactly, for programs. */
export type FindingCause =
  | 'no-instance'
  | 'under-a-name'
  | 'interrupted-restore'
  | 'settings-differ'
  | 'stays-for-ever'
  | 'ends-by-itself'
  | 'writes-wait'
  | 'unreadable'
  | 'two-numbers'
  | 'foreign-number'
  | 'keys-left'
  | 'no-credentials'
  | 'no-signal-keys';

/**
 * What would put it right: `delete` the key, let it `expire` as the host's keys do, or `keep` it, which takes its time to live
 * away. Only what is certain has one.
 */
export type Fix = 'delete' | 'expire' | 'keep';

/** A key on which the cache and the database do not agree. Has names and counts in it, never a value. */
export interface Finding {
  kind: FindingKind;
  cause: FindingCause;
  /** Of Redis, prefix included. */
  key: string;
  /** As the key has it: `instance`, `baileys`, `groups`, or what the host calls Chatwoot's. */
  module: string;
  /** One sentence or two. */
  why: string;
  fix?: Fix;
}
