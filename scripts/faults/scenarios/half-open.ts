import { setTimeout as sleep } from 'node:timers/promises';
import type { DatabaseName } from '../database-server';
import { emitAround } from '../emit-around';
import { HalfOpenProxy } from '../half-open-proxy';
import type { Scenario, Stage } from '../scenario';

const SILENT_MS = 30_000;

/**
 * The way to a server falls silent twice: first for the connections that there are, as if a firewall had forgotten them;
 * then for all, as if a cable had been pulled, until it is back in its place.
 */
async function silenceTwice({ arrivals, note }: Stage, proxy: HalfOpenProxy): Promise<void> {
  const recovery = async (since: number) => {
    // What was under way behind the proxy may still come.
    await sleep(1_000);
    await arrivals.next();
    return `${((Date.now() - since) / 1000).toFixed(1)} s`;
  };
  let since = Date.now();
  proxy.silence({ alsoNew: false });
  note(`events arrive again ${await recovery(since)} after the open connections fell silent`);
  await sleep(2_000);
  since = Date.now();
  proxy.silence({ alsoNew: true });
  await sleep(SILENT_MS);
  proxy.heal();
  note(`events arrive again ${await recovery(Date.now())} after a silence of ${SILENT_MS / 1000} s`);
}

export const halfOpenBroker: Scenario = {
  name: 'half-open-broker',
  database: 'postgres',
  weight: 1,
  async run(stage) {
    const proxy = await HalfOpenProxy.start(stage.broker.url);
    stage.afterwards(() => proxy.stop());
    const host = await stage.host({ brokerUrl: proxy.through(stage.broker.url) });
    await emitAround(host, stage.events, 70, () => silenceTwice(stage, proxy));
  },
};

export const halfOpenDatabase = (name: string, database: DatabaseName): Scenario => ({
  name,
  database,
  weight: 1,
  async run(stage) {
    const proxy = await HalfOpenProxy.start(stage.databaseUrl);
    stage.afterwards(() => proxy.stop());
    const host = await stage.host({ databaseUrl: proxy.through(stage.databaseUrl) });
    await emitAround(host, stage.events, 70, () => silenceTwice(stage, proxy));
  },
});
