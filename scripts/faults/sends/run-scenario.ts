import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createLog } from '../../../src/core/log';
import { openEngine } from '../../../src/stores/open-database';
import type { SendState, SendStore } from '../../../src/stores/send-store';
import type { RunningService } from '../../services';
import type { DatabaseServer } from '../database-server';
import { Channel } from './channel';
import type { Scenario, Stage } from './scenario';
import { SendingHost } from './sending-host';
import { longestWait, refusalsOf, tallyOf, type Tally } from './tally';

export interface Outcome extends Tally {
  longestWaitSeconds: number;
  seconds: number;
  notes: string[];
}

export interface Servers {
  database: DatabaseServer;
  redis: RunningService;
  /** For what is written on the way. */
  folder: string;
}

/** The least that may be set would be 1,000; by default it is 10,000. */
export const LEASE_MS = 2_000;
/** What has not come by then, with nothing new before it, is lost. */
const PATIENCE_MS = 30_000;
/** So long nothing may come at all before a scenario is over: late copies count. */
const QUIET_MS = 500;
const LOOK_MS = 50;
/** No scenario breaks things for that long. */
const MOST_MS = 300_000;
const PAGE = 1_000;
/** Named in the notes; the others are counted. */
const SHOWN = 20;
/** Of sends that make up for those that were not accepted. */
const MORE_PER_SECOND = 200;

/** Runs one scenario on a database of its own, and looks at every send that came of it. */
export async function runScenario(
  scenario: Scenario,
  sends: number,
  { database, redis, folder: parent }: Servers,
  say: (text: string) => void,
  isStock = false,
): Promise<Outcome> {
  const begun = performance.now();
  const name = isStock ? `${scenario.name}-stock` : scenario.name;
  const folder = join(parent, name);
  mkdirSync(folder);
  const channel = await Channel.start();
  const databaseUrl = await database.createDatabase(`faults_${name.replaceAll('-', '_')}`);
  const log = createLog('silent');
  const engine = await openEngine({ uri: databaseUrl, schema: 'evolution_guard', pooled: false, connections: 1, log });
  const journal = engine.sends;

  const hosts: SendingHost[] = [];
  const ends: (() => Promise<void>)[] = [];
  const notes: string[] = [];
  const { chats, mostTypingMs } = scenario;
  const stage: Stage = {
    sends,
    database,
    redis,
    channel,
    journal,
    async host({ stream = 'a', redisUrl = redis.url } = {}) {
      const place = { stream, chats, mostTypingMs, databaseUrl, channelPort: channel.port, isStock };
      const log = join(folder, `host-${stream}.log`);
      const host = new SendingHost({ ...place, environment: environment(databaseUrl, redisUrl), log });
      hosts.push(host);
      await host.start();
      return host;
    },
    bury: async ({ owner }) => (isStock ? undefined : journal.resign(owner)),
    afterwards: (end) => void ends.push(end),
    note(text) {
      notes.push(text);
      say(text);
    },
  };
  let states: Map<string, SendState> | undefined;
  try {
    await inTime(scenario.run(stage));
    await untilSettled(hosts, channel, isStock ? undefined : journal);
    if (!isStock) {
      states = await statesOf(journal);
      const missing = sends - states.size;
      const [host] = hosts.filter(({ isRunning }) => isRunning);
      if (missing > 0 && host) {
        host.send(host.next + missing, MORE_PER_SECOND);
        await untilSettled(hosts, channel, journal);
      }
    }
    await Promise.all(hosts.map((host) => host.stop()));
    if (!isStock) states = await statesOf(journal);
  } finally {
    for (const host of hosts) host.resume();
    await Promise.all(hosts.map((host) => host.kill())); // those that a failure left
  }
  for (const end of ends.reverse()) await end();
  await engine.close();
  await channel.stop();
  notes.push(...refusalsOf(hosts, channel));
  if (channel.inversions.length > 0 && !isStock)
    notes.push(`inverted: ${channel.inversions.slice(0, SHOWN).join(', ')}`);
  const seconds = (performance.now() - begun) / 1000;
  return { ...tallyOf(hosts, channel, states), longestWaitSeconds: longestWait(hosts, channel), seconds, notes };
}

/** What an operator would have in the host's .env, and nothing of what this machine has. */
function environment(databaseUrl: string, redisUrl: string): Record<string, string> {
  return {
    PATH: process.env['PATH'] ?? '',
    GUARD_LOG_LEVEL: 'debug',
    DATABASE_PROVIDER: databaseUrl.startsWith('mysql:') ? 'mysql' : 'postgresql',
    DATABASE_CONNECTION_URI: databaseUrl,
    GUARD_LOCK_REDIS_URIS: redisUrl,
    GUARD_LOCK_LEASE_MS: `${LEASE_MS}`,
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

/** Resolves when nothing is open and nothing more comes; or when the rest of it never will. */
async function untilSettled(
  hosts: readonly SendingHost[],
  channel: Channel,
  journal: SendStore | undefined,
): Promise<void> {
  const progress = () => channel.arrivals + hosts.reduce((sum, { answered, refused }) => sum + answered.size + refused.size, 0); // prettier-ignore
  const isOpen = async () => {
    if (hosts.some(({ isBusy }) => isBusy)) return true;
    const { accepted, sending } = (await journal?.summary()) ?? { accepted: 0, sending: 0 };
    return accepted + sending > 0;
  };
  for (let before = -1, since = Date.now(); ; await sleep(LOOK_MS)) {
    const now = progress();
    if (now !== before) since = Date.now();
    before = now;
    const quietMs = Date.now() - since;
    if (quietMs > PATIENCE_MS || (quietMs > QUIET_MS && !(await isOpen()))) return;
  }
}

/** All that the journal says, by send id. */
async function statesOf(journal: SendStore): Promise<Map<string, SendState>> {
  const states = new Map<string, SendState>();
  for (let before = Number.MAX_SAFE_INTEGER; ;) {
    const page = await journal.list({}, before, PAGE);
    for (const { sendId, state } of page) states.set(sendId, state);
    const last = page.at(-1);
    if (!last || page.length < PAGE) return states;
    before = last.seq;
  }
}
