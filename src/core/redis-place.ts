import { z } from 'zod';

/** A server, and what it takes to be let in. */
export interface RedisServer {
  host: string;
  port: number;
}

export interface RedisAccess {
  tls: boolean;
  username: string | undefined;
  password: string | undefined;
  db: number;
}

/** Where a Redis is to be found, whichever of its servers is the primary. */
export type RedisPlace = RedisAccess &
  (
    | { kind: 'servers'; servers: RedisServer[] }
    | { kind: 'sentinel'; sentinels: RedisServer[]; name: string }
    | { kind: 'cluster'; servers: RedisServer[] }
  );

const FORMS =
  'redis://host:port/db, several of them separated by commas, redis+sentinel://host:port,host:port/name/db, or redis+cluster://host:port,host:port (rediss for TLS)';

const URI = /^(rediss?)(?:\+(sentinel|cluster))?:\/\/(?:([^@/]*)@)?([^/?#]+)(?:\/([^?#]*))?(?:\?[^#]*)?$/;
const SERVER = /^(\[[0-9a-f:.]+\]|[^:[\]]+)(?::(\d{1,5}))?$/i;
const PORTS = { redis: 6379, sentinel: 26_379 };

/**
 * Reads a setting that names a Redis. A query is passed over, as the host does. Several plain URLs share the access of the first: they are servers of one installation.
 *
 * @returns nothing where it is none.
 */
export function readRedisPlace(text: string): RedisPlace | undefined {
  const [first, ...others] = text.split(/[\s,]+(?=rediss?:\/\/)/);
  const place = readOne(first ?? '');
  if (!place || others.length === 0) return place;
  const more = others.map(readOne);
  if (place.kind !== 'servers' || !more.every((each) => each?.kind === 'servers')) return undefined;
  return { ...place, servers: [place, ...more].flatMap((each) => (each?.kind === 'servers' ? each.servers : [])) };
}

export const redisPlace = z.string().transform((text, context) => {
  const place = readRedisPlace(text);
  if (place) return place;
  context.addIssue({ code: 'custom', message: `must be ${FORMS}` });
  return z.NEVER;
});

function readOne(text: string): RedisPlace | undefined {
  const [, scheme, way, access, hosts = '', path = ''] = URI.exec(text) ?? [];
  if (scheme === undefined) return undefined;
  const servers = hosts
    .split(',')
    .map((host) => readServer(host.trim(), way === 'sentinel' ? PORTS.sentinel : PORTS.redis));
  const parts = path.split('/').filter((part) => part !== '');
  const name = way === 'sentinel' ? parts.shift() : undefined;
  const [db = '0', ...rest] = parts;
  const login = readLogin(access);
  if (!servers.every((server) => server !== undefined) || rest.length > 0 || !/^\d{1,5}$/.test(db) || !login)
    return undefined;
  const common = { tls: scheme === 'rediss', ...login, db: Number(db) };
  if (way === 'sentinel')
    return name === undefined ? undefined : { ...common, kind: 'sentinel', sentinels: servers, name };
  if (way === 'cluster') return common.db === 0 ? { ...common, kind: 'cluster', servers } : undefined;
  return { ...common, kind: 'servers', servers };
}

function readServer(text: string, port: number): RedisServer | undefined {
  const [, host, digits] = SERVER.exec(text) ?? [];
  const number = digits === undefined ? port : Number(digits);
  if (host === undefined || number === 0 || number > 65_535) return undefined;
  return { host: host.replace(/^\[|\]$/g, ''), port: number };
}

function readLogin(access: string | undefined): Pick<RedisAccess, 'username' | 'password'> | undefined {
  if (access === undefined) return { username: undefined, password: undefined };
  const [, username = '', password] = /^([^:]*)(?::(.*))?$/.exec(access) ?? [];
  try {
    return {
      username: username === '' ? undefined : decodeURIComponent(username),
      password: password === undefined ? undefined : decodeURIComponent(password),
    };
  } catch {
    return undefined;
  }
}

/** A plain URL of one of the servers. */
export function redisUrl(server: string, { tls, username, password, db }: RedisAccess): string {
  const url = new URL(`${tls ? 'rediss' : 'redis'}://${server}/${db}`);
  if (username !== undefined) url.username = encodeURIComponent(username);
  if (password !== undefined) url.password = encodeURIComponent(password);
  return url.href;
}
