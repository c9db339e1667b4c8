import { createWriteStream } from 'node:fs';
import type { Assignment, Order } from './assignment';
import { guardedCaches, type GuardedCaches } from './guarded-caches';
import { cachesOf } from './items';
import type { Line } from './record';
import { watchStalls } from './stalls';
import { connectStock, stockCache } from './stock-cache';
import { Workload } from './workload';

/*
 * A host as far as its cache goes: with the engine of the plugin, or as it is without. A process of its own, as hosts are; its
 * settings are its environment.
 */

/** A pipe to the driver. */
const journal = createWriteStream('', { fd: 3 });
const note = (line: Line) => void journal.write(`${JSON.stringify(line)}\n`);

/** What the host without the plugin logs where the caller learns nothing: a server's error without its details, and how often. */
const logged = new Map<string, number>();

function stockCaches(): GuardedCaches {
  const failed = (error: string) => {
    const words = error.replace(/^([A-Z]+) .*/, '$1');
    logged.set(words, (logged.get(words) ?? 0) + 1);
  };
  const client = connectStock(process.env['CACHE_REDIS_URI'] ?? '', failed);
  return { caches: cachesOf((module) => stockCache(client, module, failed)), settled: () => Promise.resolve() };
}

async function run({ stream, isStock, folder }: Assignment): Promise<void> {
  const { caches, ...cache } = isStock ? stockCaches() : await guardedCaches(folder);
  const workload = new Workload(stream, caches, note);
  watchStalls(stream, (stall) => note({ stall }));
  const stop = async () => {
    await workload.stop();
    await cache.settled();
    for (const [words, times] of logged) note({ logged: { words, times } });
    journal.end(() => process.exit());
  };
  process.on('message', (order: Order) => {
    if ('perSecond' in order) workload.start(order.perSecond);
    else void stop();
  });
  process.send?.('ready');
}

// The driver itself is gone.
process.once('disconnect', () => process.exit(1));
void run(JSON.parse(process.argv[2] ?? '') as Assignment);
