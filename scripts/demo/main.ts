import { once } from 'node:events';
import { describe } from '../../src/core/errors';
import { REFERENCE_HOST, type HostProgram } from '../host/program';
import type { RunningHost } from '../host/running-host';
import { startPostgres, startRabbitmq, startRedis } from '../services';
import { readOptions } from './options';
import { Progress } from './progress';
import { table } from './table';
import { runTrial } from './trial';

async function demo(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  const out = options.json ? process.stderr : process.stdout;
  const progress = new Progress(out);
  const hosts: { stock?: HostProgram; guarded: HostProgram } = { stock: REFERENCE_HOST, guarded: REFERENCE_HOST };

  progress.say('starting PostgreSQL and RabbitMQ of its own');
  const own = { private: true };
  const [postgres, broker, cache] = await Promise.all([
    startPostgres(own),
    startRabbitmq(own),
    hosts.guarded.caches ? startRedis(own) : undefined,
  ]);
  const stage = { postgresUrl: postgres.url, cacheUrl: cache?.url, broker, outage: options.outage, progress };

  const stock = hosts.stock && (await runTrial(hosts.stock, false, stage));
  await stock?.host.stop();
  const guarded = await runTrial(hosts.guarded, true, stage);

  out.write(table(stock?.figures, guarded.figures));
  if (options.json) {
    process.stdout.write(`${JSON.stringify({ stock: stock?.figures ?? null, guarded: guarded.figures })}\n`);
  }
  if (options.keep) await keep(guarded.host, out);
  await guarded.host.stop();
  await Promise.all([postgres.stop(), broker.stop(), cache?.stop()]);
  process.exitCode = guarded.figures.lost > 0 ? 1 : 0;
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

demo().catch((error: unknown) => {
  console.error(`\nThe demo failed: ${describe(error)}`);
  process.exitCode = 1;
});
