import Redis, { Cluster } from 'ioredis';
import { placeOf, PREFIX, seqIn } from './items';
import type { Seen, Write } from './record';
import type { Servers } from './scenario';

const BATCH = 500;

/** What the primaries have of all items that were written, asked of themselves. */
export async function finalValues(servers: Servers, writes: readonly Write[]): Promise<Map<string, Seen>> {
  const primaryUrl = await servers.primaryUrl();
  const { hostname: host, port } = new URL(primaryUrl);
  const client = servers.isCluster ? new Cluster([{ host, port: Number(port) }]) : new Redis(primaryUrl);
  client.on('error', () => undefined);
  try {
    const items = [...new Set(writes.map(({ item }) => item))];
    const values = new Map<string, Seen>();
    while (items.length > 0) {
      const some = items.splice(0, BATCH);
      const texts = await Promise.all(some.map((item) => valueOf(client, item)));
      for (const [place, item] of some.entries()) values.set(item, seqIn(texts[place]) ?? 'nothing');
    }
    return values;
  } finally {
    client.disconnect();
  }
}

function valueOf(client: Redis | Cluster, item: string): Promise<string | null> {
  const { module, key, field } = placeOf(item.slice(0, 1), Number(item.slice(1)));
  const name = `${PREFIX}:${module}:${key}`;
  return field === undefined ? client.get(name) : client.hget(name, field);
}
