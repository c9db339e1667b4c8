import { once } from 'node:events';
import { describe } from '../../src/core/errors';
import type { RunningHost } from '../host/running-host';
import { startPostgres, startRedis } from '../services';
import { findBroker } from './broker';
import { prepareHosts } from './hosts';
import { readOptions } from './options';
import { Progress } from '../host/progress';
import { table } from './table';
import { runTrial } from './trial';

async function demo(): Promise<number> {
  const options = readOptions(process.argv.slice(2));
  const out = options.json ? process.stderr : process.stdout;
  const progress = new Progress(out);
  const hosts = prepareHosts(options, progress);

  progress.say('starting servers for this run alone');
  const own = { private: true };
  const [postgres, broker, cache] = await Promise.all([
    startPostgres(own),
    findBroker(progress),
    hosts.guarded.caches ? startRedis(own) : undefined,
  ]);
  const stage = { postgresUrl: postgres.url, cacheUrl: cache?.url, broker, outage: options.outage, progress };

  const stock = hosts.stock && (await runTrial(hosts.stock, false, stage));
  await stock?.end();
  const guarded = await runTrial(hosts.guarded, true, stage);

  out.write(table(stock?.outcome, guarded.outcome));
  if (options.json) {
    process.stdout.write(`${JSON.stringify({ stock: stock?.outcome ?? null, guarded: guarded.outcome })}\n`);
  }
  if (options.keep) await keep(guarded.host, out);
  await guarded.end();
  await Promise.all([postgres.stop(), broker?.stop(), cache?.stop()]);
  return guarded.outcome.lost > 0 ? 1 : 0;
}

/** Resolves at Ctrl-C. */
async function keep(host: RunningHost, out: NodeJS.WritableStream): Promise<void> {
  out.write(`The guarded host is running until you press Ctrl-C.
  address  ${host.url}
  API key  ${host.apiKey}
  output   ${host.log}
  try      curl -H 'apikey: ${host.apiKey}' ${host.url}/guard/health
`);
  await once(process, 'SIGINT');
}

void demo()
  .catch((error: unknown) => {
    console.error(`\nThe demo failed: ${describe(error)}`);
    return 1;
  })
  // Whatever is left, servers after a failure and copies of hosts, ends with this process.
  .then((code) => process.exit(code));
