import type { RedisPrimary, RedisReplica } from './redis-link';

/** What INFO does not tell of a server: put among its fields under the name that CONFIG has for it. */
export const SAVE_POINTS = 'save';

const REPLICA_FIELD = /^slave\d+$/;

/**
 * Reads the answer to INFO of a primary. All sections that are asked for are read, in any order; lines that are none are passed
 * over, as servers of another make have their own.
 *
 * @param address host:port that it was asked at.
 * @param savePoints the answer to CONFIG GET save, empty for none; absent where the server does not tell.
 */
export function readPrimary(address: string, text: string, savePoints?: string): RedisPrimary {
  const info = readFields(text);
  if (savePoints !== undefined) info.set(SAVE_POINTS, savePoints);
  const written = Number(info.get('master_repl_offset') ?? 0);
  const replicas = [...info]
    .filter(([name]) => REPLICA_FIELD.test(name))
    .map(([, value]) => readReplica(value, written));
  return { address, info, replicas };
}

function readFields(text: string): Map<string, string> {
  const fields = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    const colon = line.indexOf(':');
    if (colon > 0 && !line.startsWith('#')) fields.set(line.slice(0, colon), line.slice(colon + 1));
  }
  return fields;
}

/** @param text such as `ip=10.0.0.2,port=6379,state=online,offset=1400,lag=0` */
function readReplica(text: string, written: number): RedisReplica {
  const fields = new Map(text.split(',').map((part) => split(part)));
  const ip = fields.get('ip') ?? '';
  const host = ip.includes(':') ? `[${ip}]` : ip;
  return {
    address: `${host}:${fields.get('port') ?? ''}`,
    // Until it is online it acknowledges nothing: Redis then says -1.
    lagSeconds: Math.max(0, Number(fields.get('lag') ?? 0)),
    behindBytes: Math.max(0, written - Number(fields.get('offset') ?? 0)),
    isOnline: fields.get('state') === 'online',
  };
}

function split(part: string): [name: string, value: string] {
  const equals = part.indexOf('=');
  return [part.slice(0, equals), part.slice(equals + 1)];
}
