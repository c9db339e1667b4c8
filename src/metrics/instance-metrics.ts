/** The part of the metrics that instances and backups have for themselves. */
export const INSTANCE_METRICS = {
  instancesOperations: {
    name: 'guard_instances_operations_total',
    type: 'counter',
    help: 'Logouts, deletes, restores and purges of instances that came to their end, by how: done or given up.',
    labels: ['kind', 'outcome'],
  },
  instanceReconnects: {
    name: 'guard_instance_reconnects_total',
    type: 'counter',
    help: 'Times that an instance was to be connected again after its connection was lost.',
    labels: [],
  },
  instancesWaiting: {
    name: 'guard_instances_reconnecting',
    type: 'gauge',
    help: 'Instances of this process that wait for their next attempt to connect, or are at it.',
    labels: [],
  },
  instancesFlapping: {
    name: 'guard_instances_flapping',
    type: 'gauge',
    help: 'Instances of this process that connect and lose their connection again and again.',
    labels: [],
  },
  instanceEventsFolded: {
    name: 'guard_instance_events_folded_total',
    type: 'counter',
    help: 'CONNECTION_UPDATE events of flapping instances that a later one stands for.',
    labels: [],
  },
  instanceStates: {
    name: 'guard_instance_states_total',
    type: 'counter',
    help: 'Changes of the state of a connection that were written, by state: open, connecting, close.',
    labels: ['state'],
  },
  instanceStatesWaiting: {
    name: 'guard_instance_states_waiting',
    type: 'gauge',
    help: 'Instances whose state has changed and is not written yet.',
    labels: [],
  },
  instanceStatesSkipped: {
    name: 'guard_instance_states_skipped_total',
    type: 'counter',
    help: 'Changes that newer ones of the same instance took the place of, as the database did not answer for long.',
    labels: [],
  },
  instancesDead: {
    name: 'guard_instances_socket_dead',
    type: 'gauge',
    help: 'Instances of this process whose socket did not answer, and that have not answered since.',
    labels: [],
  },
  backupsMade: {
    name: 'guard_backups_made_total',
    type: 'counter',
    help: 'Scheduled backups that this process has made.',
    labels: [],
  },
  backupsFailed: {
    name: 'guard_backups_failed_total',
    type: 'counter',
    help: 'Scheduled backups that failed in this process, by error code.',
    labels: ['code'],
  },
  backupTime: {
    name: 'guard_backup_timestamp_seconds',
    type: 'gauge',
    help: 'Time of the last scheduled backup that is whole, whoever made it, in seconds since 1970; 0 before the first.',
    labels: [],
  },
} as const;
