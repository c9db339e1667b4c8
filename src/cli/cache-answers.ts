import type { AuditReport, ReportedFinding } from '../cache/audit/audit-cache';
import { FINDING_KINDS, type Fix } from '../cache/audit/finding';
import { SAVE_POINTS } from '../stores/redis/read-info';
import type { RedisPrimary } from '../stores/redis/redis-link';
import type { Answer } from './output';
import { lines, table } from './table';

const DONE: Record<Fix, string> = { delete: 'deleted', expire: 'expires', keep: 'kept' };
const TO_DO: Record<Fix, string> = { delete: 'to delete', expire: 'to expire', keep: 'to keep' };

/** @param repairs whether it was asked for repairs. */
export function auditAnswer(report: AuditReport, repairs: boolean): Answer {
  const { keys, instances, found, repaired, findings } = report;
  const all = Object.values(found).reduce((sum, count) => sum + count, 0);
  const families = Object.entries(keys).map(([family, count]) => `${number(count)} ${family}`);
  const left = all - repaired;
  const rows = findings.map((finding) => [finding.kind, doneTo(finding), finding.key, finding.why]);
  const more = all - findings.length;
  const text = [
    `Looked at ${number(instances)} instances and the keys of the cache: ${families.join(', ')}.`,
    ...(all === 0 ? ['The cache and the database agree.'] : table([['kind', 'repair', 'key', 'why'], ...rows])),
    ...(more > 0 ? [`And ${number(more)} more.`] : []),
    ...(all === 0 ? [] : [summary(report, left, repairs)]),
  ];
  return { text: lines(text), data: { healthy: left === 0, left, repairs, ...report } };
}

function doneTo({ fix, isRepaired }: ReportedFinding): string {
  if (!fix) return 'by hand';
  return isRepaired ? DONE[fix] : TO_DO[fix];
}

function summary({ found, repaired, findings }: AuditReport, left: number, repairs: boolean): string {
  const counts = FINDING_KINDS.map((kind) => `${number(found[kind])} ${kind}`).join(', ');
  if (repairs) return `${counts}: ${number(repaired)} repaired, ${number(left)} left.`;
  const isAny = findings.some(({ fix }) => fix !== undefined);
  return `${counts}. Nothing was changed${isAny ? '; --fix repairs what is marked' : ''}.`;
}

export interface ServerStatus extends RedisPrimary {
  warnings: string[];
}

/** @param warnings about the way to the servers. */
export function statusAnswer(servers: readonly ServerStatus[], warnings: readonly string[]): Answer {
  const told = servers.flatMap((server) => [server.address, ...factsOf(server), ...replicasOf(server), '']);
  const all = [...warnings, ...servers.flatMap((server) => server.warnings)];
  const text = [...told, ...(all.length === 0 ? ['Nothing to warn of.'] : all.map((warning) => `Warning: ${warning}`))];
  const primaries = servers.map(({ info, ...server }) => ({ ...server, info: Object.fromEntries(shown(info)) }));
  return { text: lines(text), data: { healthy: all.length === 0, warnings, primaries } };
}

const SHOWN = [
  'role',
  'redis_version',
  'used_memory',
  'maxmemory',
  'maxmemory_policy',
  'evicted_keys',
  'aof_enabled',
  SAVE_POINTS,
  'rdb_last_bgsave_status',
  'rdb_last_save_time',
  'master_repl_offset',
];

const shown = (info: RedisPrimary['info']) => [...info].filter(([name]) => SHOWN.includes(name));

function factsOf({ info }: ServerStatus): string[] {
  const of = (name: string) => info.get(name) ?? 'not told';
  const limit = info.get('maxmemory') === '0' ? 'no limit' : of('maxmemory_human');
  const facts = {
    role: `${of('role')}, Redis ${of('redis_version')}`,
    memory: `${of('used_memory_human')} of ${limit}, ${of('maxmemory_policy')}, ${of('evicted_keys')} evicted`,
    disk: `append-only file ${of('aof_enabled') === '1' ? 'on' : 'off'}, save points: ${of(SAVE_POINTS) || 'none'}`,
  };
  return Object.entries(facts).map(([fact, value]) => `  ${fact.padEnd(10)}${value}`);
}

function replicasOf({ replicas }: ServerStatus): string[] {
  if (replicas.length === 0) return ['  replicas  none'];
  const rows = replicas.map(({ address, isOnline, lagSeconds, behindBytes }) => [
    address,
    isOnline ? 'online' : 'not online',
    `${lagSeconds} s`,
    `${number(behindBytes)} bytes behind`,
  ]);
  return table(rows).map((row, at) => `${at === 0 ? '  replicas  ' : ' '.repeat(12)}${row}`);
}

const number = (count: number) => count.toLocaleString('en-US');
