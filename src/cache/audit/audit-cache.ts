import type { Clock } from '../../core/clock';
import { inBatches } from '../../core/in-batches';
import type { RedisLink } from '../../stores/redis/redis-link';
import { familyOf, patternOf, readKey, sessionKey, type Family } from './cache-key';
import type { Finding, FindingKind } from './finding';
import { lookAtInstances, lookAtKeys, type LookOptions } from './look';
import { CacheReader } from './read-cache';
import { repair } from './repair';

export interface AuditOptions extends Omit<LookOptions, 'reader'> {
  link: Pick<RedisLink, 'run' | 'scan'>;
  /** CACHE_REDIS_TTL, seconds. */
  ttlSeconds: number;
  /** Without it nothing is written. */
  repairs: boolean;
  clock: Pick<Clock, 'monotonic'>;
  signal?: AbortSignal;
  /** Called every few seconds with a sentence, and before a failure where something was repaired. */
  progress?: (line: string) => void;
}

export interface ReportedFinding extends Finding {
  isRepaired: boolean;
}

export interface AuditReport {
  /** Keys that were looked at; one may have been met twice (SCAN). */
  keys: Record<Family, number>;
  /** Instances of Baileys' channel. */
  instances: number;
  found: Record<FindingKind, number>;
  repaired: number;
  /** The first of them, at most `MOST_LISTED`. */
  findings: ReportedFinding[];
}

/** Findings beyond are counted and repaired, but not kept. */
export const MOST_LISTED = 1_000;
const PAGE = 500;
/** Repairs under way at a time. */
const WINDOW = 100;
const PROGRESS_MS = 5_000;

/**
 * Compares the cache with the database: all keys with the instances, then all instances with the keys. Holds one batch at a
 * time. Whatever seems wrong is looked at once more before it counts, the database after Redis, as the host goes on meanwhile.
 *
 * @throws GuardError as the link and the database do, and when the signal is aborted its reason. What was repaired stays.
 */
export async function auditCache(options: AuditOptions): Promise<AuditReport> {
  const audit = new Audit(options);
  const looking: LookOptions = { ...options, reader: new CacheReader(options.link) };
  try {
    await auditKeys(options, looking, audit);
    await auditInstances(options, looking, audit);
    return audit.report;
  } catch (error) {
    const { repaired } = audit.report;
    if (repaired > 0) options.progress?.(`${repaired} findings were repaired before this:`);
    throw error;
  }
}

async function auditKeys({ link, prefix, signal }: AuditOptions, looking: LookOptions, audit: Audit): Promise<void> {
  for await (const batch of link.scan(patternOf(prefix))) {
    signal?.throwIfAborted();
    const keys = [...new Set(batch)];
    audit.countKeys(keys);
    await audit.take(await lookAtKeys(looking, keys), (again) => lookAtKeys(looking, again));
  }
}

async function auditInstances(
  { rows, prefix, clientName, signal }: AuditOptions,
  looking: LookOptions,
  audit: Audit,
): Promise<void> {
  const lookAgain = async (keys: readonly string[]) => {
    const ids = keys.map((key) => key.slice(sessionKey(prefix, '').length));
    return lookAtInstances(looking, await rows.read(clientName, ids));
  };
  let page = await rows.page(clientName, '', PAGE);
  while (page.length > 0) {
    signal?.throwIfAborted();
    audit.countInstances(page.length);
    await audit.take(await lookAtInstances(looking, page), lookAgain);
    page = await rows.page(clientName, page.at(-1)?.id ?? '', PAGE);
  }
}

/** What has come of it so far. */
class Audit {
  readonly report: AuditReport = {
    keys: { instance: 0, baileys: 0, groups: 0, chatwoot: 0, other: 0 },
    instances: 0,
    found: { orphan: 0, stale: 0, missing: 0 },
    repaired: 0,
    findings: [],
  };
  private readonly listed = new Set<string>();
  private toldAt: number;

  constructor(private readonly options: AuditOptions) {
    this.toldAt = options.clock.monotonic();
  }

  countKeys(keys: readonly string[]): void {
    for (const key of keys) this.report.keys[familyOf(readKey(this.options.prefix, key))] += 1;
    this.tell();
  }

  countInstances(count: number): void {
    this.report.instances += count;
    this.tell();
  }

  async take(suspects: readonly Finding[], lookAgain: (keys: readonly string[]) => Promise<Finding[]>): Promise<void> {
    if (suspects.length === 0) return;
    const [keys, seen] = [new Set(suspects.map(({ key }) => key)), new Set(suspects.map(nameOf))];
    const confirmed = (await lookAgain([...keys])).filter((finding) => seen.has(nameOf(finding)));
    const fresh = confirmed.filter((finding) => !this.listed.has(nameOf(finding)));
    const repaired = await inBatches(fresh, WINDOW, (finding) => this.repair(finding));
    fresh.forEach((finding, at) => this.count({ ...finding, isRepaired: repaired[at] === true }));
  }

  private count(finding: ReportedFinding): void {
    this.report.found[finding.kind] += 1;
    if (finding.isRepaired) this.report.repaired += 1;
    if (this.listed.size >= MOST_LISTED) return;
    this.listed.add(nameOf(finding));
    this.report.findings.push(finding);
  }

  private async repair(finding: Finding): Promise<boolean> {
    const { link, repairs, ttlSeconds } = this.options;
    const { fix } = finding;
    return repairs && fix !== undefined && repair(link, { ...finding, fix }, ttlSeconds);
  }

  private tell(): void {
    const { clock, progress } = this.options;
    if (!progress || clock.monotonic() - this.toldAt < PROGRESS_MS) return;
    this.toldAt = clock.monotonic();
    const { keys, instances, found } = this.report;
    const sum = (counts: Record<string, number>) => Object.values(counts).reduce((all, count) => all + count, 0);
    progress(`${sum(keys)} keys and ${instances} instances looked at, ${sum(found)} findings`);
  }
}

const nameOf = ({ cause, key }: Finding) => `${cause} ${key}`;
