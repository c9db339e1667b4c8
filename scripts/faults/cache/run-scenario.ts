import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CachingHost } from './caching-host';
import { Failovers } from './failovers';
import { finalValues } from './final-values';
import { judge, type Verdict } from './judge';
import { now } from './record';
import { Reports } from './reports';
import type { Scenario, Servers, Stage } from './scenario';
import { Witness } from './witness';
import { STREAMS } from './workload';

export interface Outcome extends Verdict {
  /** Calls of a second. */
  rate: number;
  /** The longest time in which no call of some process was answered. */
  silentSeconds: number;
  seconds: number;
  notes: string[];
}

export interface Pace {
  /** Calls of a second, by all processes together. */
  perSecond: number;
  /** Seconds of calls before the fault, and again behind it when all is healed. */
  aroundSeconds: number;
}

export const TIMEOUT_MS = 2_000;
const MOST_MS = 180_000;

/** Runs one scenario on servers of its own, and judges every call. */
export async function runScenario(
  scenario: Scenario,
  { perSecond, aroundSeconds }: Pace,
  parent: string,
  say: (text: string) => void,
  isStock = false,
): Promise<Outcome> {
  const begun = now();
  const folder = join(parent, isStock ? `${scenario.name}-stock` : scenario.name);
  mkdirSync(folder);
  const { servers, ...started } = await scenario.start();
  const witness = new Witness(servers.members, servers.replicas);
  const reports = new Reports();
  const note = (text: string) => {
    reports.notes.push(text);
    say(text);
  };
  const hosts = STREAMS.map((stream) => {
    const environment = environmentOf(servers);
    const place = { folder: join(folder, `host-${stream}`), log: join(folder, `host-${stream}.log`) };
    mkdirSync(place.folder);
    return new CachingHost({ stream, isStock, environment, ...place }, (line) => reports.take(line));
  });
  const failovers = new Failovers(servers.named, note);
  const stage: Stage = {
    failOver: (cause) => failovers.plan(cause),
    wipe: async (cause) => void reports.wipes.push({ begun: now(), ended: await cause().then(now) }),
    note,
  };
  try {
    await witness.start();
    const watching = failovers.watch();
    await Promise.all(hosts.map((host) => host.start()));
    const from = now();
    for (const host of hosts) host.call(perSecond / hosts.length);
    await sleep(aroundSeconds * 1000);
    await inTime(started.run(stage).then(() => servers.healed()));
    await sleep(aroundSeconds * 1000);
    const until = now();
    await Promise.all(hosts.map((host) => host.stop()));
    failovers.stop();
    await watching;
    const final = await finalValues(servers, reports.writes);
    const verdict = judge({
      ...reports,
      failovers: failovers.spans,
      executions: witness.executions,
      final,
      limitMs: TIMEOUT_MS,
      areCredentialsReplicated: !isStock && servers.replicas > 0,
    });
    if (!isStock) reports.notes.push(...verdict.findings);
    for (const [words, times] of reports.logged) reports.notes.push(`${times} times the host logged: ${words}`);
    const rate = reports.calls / ((until - from) / 1000);
    const silentSeconds =
      Math.max(...STREAMS.map((stream) => reports.silentMs(stream, { begun: from, ended: until }))) / 1000;
    return { ...verdict, rate, silentSeconds, seconds: (now() - begun) / 1000, notes: reports.notes };
  } finally {
    witness.stop();
    failovers.stop();
    await Promise.all(hosts.map((host) => host.kill())); // those that a failure left
    await servers.stop();
  }
}

/** What an operator would have in the host's .env, and nothing of what this machine has. */
function environmentOf({ uri, stockUrl, replicas }: Servers): Record<string, string> {
  return {
    PATH: process.env['PATH'] ?? '',
    GUARD_LOG_LEVEL: 'debug',
    CACHE_REDIS_ENABLED: 'true',
    CACHE_REDIS_URI: stockUrl,
    GUARD_CACHE_REDIS_URI: uri,
    GUARD_CACHE_TIMEOUT_MS: `${TIMEOUT_MS}`,
    GUARD_CACHE_REPLICAS: `${replicas}`, // with fewer, the one that takes over may be the one that lacks a write
  };
}

/** @throws where the work does not come to its end. */
async function inTime(work: Promise<void>): Promise<void> {
  const over = new AbortController();
  const limit = sleep(MOST_MS, undefined, { signal: over.signal }).then(
    () => Promise.reject(new Error(`it did not end within ${MOST_MS / 1000} s`)),
    () => undefined,
  );
  await Promise.race([work, limit]).finally(() => over.abort());
}
