import type { OutboxGroup } from '../stores/dead-letters';

export interface OutboxSummary {
  pending: number;
  dead: number;
  /** Age of the oldest event that waits, null where none does. */
  oldestSeconds: number | null;
  groups: (Omit<OutboxGroup, 'oldestCapturedAt'> & { oldestSeconds: number | null })[];
}

/** Adds the groups up, and tells ages instead of times: that is what an operator acts on. */
export function summarize(groups: readonly OutboxGroup[], now: number): OutboxSummary {
  const aged = groups.map(({ oldestCapturedAt, ...group }) => {
    const oldestSeconds = oldestCapturedAt && Math.max(0, (now - oldestCapturedAt.getTime()) / 1000);
    return { ...group, oldestSeconds };
  });
  const ages = aged.map(({ oldestSeconds }) => oldestSeconds).filter((age) => age !== null);
  return {
    pending: aged.reduce((sum, { pending }) => sum + pending, 0),
    dead: aged.reduce((sum, { dead }) => sum + dead, 0),
    oldestSeconds: ages.length > 0 ? Math.max(...ages) : null,
    groups: aged,
  };
}
