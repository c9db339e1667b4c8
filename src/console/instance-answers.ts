import type { HostInstance } from '../stores/host-rows';
import type { ArchiveRecord, HistoryEntry, InstanceOperation, StateRecord, Tombstone } from '../stores/instance-store';

const time = (ms: number) => new Date(ms).toISOString();

/** One line of the list: an instance, or one that was deleted and is kept. No token, no credentials. */
export function instanceLine(row: HostInstance, state: StateRecord | undefined) {
  return {
    id: row.id,
    name: row.name,
    integration: row.integration,
    state: state?.state ?? row.connectionStatus,
    version: state?.version ?? null,
    since: state ? time(state.since) : null,
    reason: state?.reason ?? null,
    deletedAt: null,
    purgeAfter: null,
  };
}

export function tombstoneLine({ instanceId, name, integration, deletedAt, purgeAfter }: Tombstone) {
  const state = { state: 'deleted', version: null, since: time(deletedAt), reason: null } as const;
  return { id: instanceId, name, integration, ...state, deletedAt: time(deletedAt), purgeAfter: time(purgeAfter) };
}

export type InstanceLine = ReturnType<typeof instanceLine> | ReturnType<typeof tombstoneLine>;

/** Everything that is known of one. */
export function instanceLife(
  line: InstanceLine,
  history: readonly HistoryEntry[],
  archives: readonly ArchiveRecord[],
  work: readonly (InstanceOperation & { owner: string })[],
) {
  return {
    ...line,
    history: history.map(({ at, event, reason, version, name }) => ({ at: time(at), event, reason, version, name })),
    credentials: archives.map(({ id, takenAt, reason, bytes, isEncrypted }) => ({
      id,
      takenAt: time(takenAt),
      reason,
      bytes,
      isEncrypted,
    })),
    work: work.map(({ kind, step, attempts, owner }) => ({ kind, step, attempts, owner })),
  };
}
