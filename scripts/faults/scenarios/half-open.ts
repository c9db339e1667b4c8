import { setTimeout as sleep } from 'node:timers/promises';
import type { DatabaseName } from '../database-server';
import { emitAround } from '../emit-around';
import { HalfOpenProxy } from '../half-open-proxy';
import type { Scenario, Stage } from '../scenario';

const SILENT_MS = 30_000;
/** What was under way behind the proxy may still come. */
const ON_THE_WAY_MS = 1_000;

/**
 * How the way to a server falls silent: for the connections that there are, as if a firewall had forgotten them; or for
 * new ones as well, as if a cable had been pulled, until it is back in its place.
 */
export type Silence = 'forgotten' | 'pulled';
const BOTH: readonly Silence[] = ['forgotten', 'pulled'];

export const halfOpenBroker = (silences: readonly Silence[] = BOTH): Scenario => ({
  name: 'half-open-broker',
  database: 'postgres',
  weight: 1,
  async run(stage) {
    const proxy = await proxyTo(stage.broker.url, stage);
    const host = await stage.host({ brokerUrl: proxy.through(stage.broker.url) });
    await emitAround(host, stage.events, 35 * silences.length, () => silence(proxy, silences, stage));
  },
});

export const halfOpenDatabase = (
  name: string,
  database: DatabaseName,
  silences: readonly Silence[] = BOTH,
): Scenario => ({
  name,
  database,
  weight: 1,
  async run(stage) {
    const proxy = await proxyTo(stage.databaseUrl, stage);
    const host = await stage.host({ databaseUrl: proxy.through(stage.databaseUrl) });
    await emitAround(host, stage.events, 35 * silences.length, () => silence(proxy, silences, stage));
  },
});

async function proxyTo(url: string, { afterwards }: Stage): Promise<HalfOpenProxy> {
  const proxy = await HalfOpenProxy.start(url);
  afterwards(() => proxy.stop());
  return proxy;
}

async function silence(proxy: HalfOpenProxy, silences: readonly Silence[], { arrivals, note }: Stage): Promise<void> {
  const arriveAgain = async () => {
    const since = performance.now();
    await sleep(ON_THE_WAY_MS);
    await arrivals.next();
    return `events arrive again after ${((performance.now() - since) / 1000).toFixed(1)} s`;
  };
  for (const kind of silences) {
    proxy.silence({ alsoNew: kind === 'pulled' });
    if (kind === 'forgotten') {
      note(`open connections fall silent: ${await arriveAgain()}`);
      continue;
    }
    await sleep(SILENT_MS);
    proxy.heal();
    note(`all is silent for ${SILENT_MS / 1000} s, then new connections get through: ${await arriveAgain()}`);
  }
}
