import { readFileSync } from 'node:fs';
import { connect, isIP, type Socket } from 'node:net';
import type { SecureContextOptions } from 'node:tls';
import type { ConnectionConfig } from 'mariadb';

const DEFAULT_PORT = 3306;
const CONNECT_TIMEOUT_MS = 5_000;
const KEEP_ALIVE_AFTER_MS = 10_000;

/**
 * What a session is told at its start. READ COMMITTED: no gaps are locked, and each statement sees what others have
 * committed. A strict mode: what does not fit is refused, not cut off. A wait for a row ends before the patience of a
 * capture does. The server gives up a session that keeps silent inside a transaction, with all that it has locked: a
 * machine that has lost its power says no goodbye.
 */
const SESSION = [
  'SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED',
  "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION', innodb_lock_wait_timeout = 4, wait_timeout = 60" +
    // MariaDB alone reads this. It would make a table of a list of 1,000 seqs, and look them up in the order of that.
    ' /*M!100318 , in_predicate_conversion_threshold = 0 */',
];

/** The host's URI as the driver takes it. Its parameters are Prisma's; those that we have no use for are ignored. */
export function connectionOptions(uri: string): ConnectionConfig {
  const url = new URL(uri);
  const host = hostOf(url);
  const ssl = encryption(url.searchParams, host);
  return {
    host,
    port: Number(url.port || DEFAULT_PORT),
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    database: decodeURIComponent(url.pathname.slice(1)),
    ssl,
    // Without encryption MySQL 8 takes a password only under its public key. Prisma asks for that key unasked, too.
    allowPublicKeyRetrieval: !ssl,
    connectTimeout: CONNECT_TIMEOUT_MS,
    initSql: SESSION,
    // A server stops at the first statement that fails, so a COMMIT at the end never confirms half of them.
    multipleStatements: true,
    bigIntAsNumber: true,
    insertIdAsNumber: true,
    decimalAsNumber: true,
    checkNumberRange: true,
    // Parameters hold what people wrote.
    logParam: false,
  };
}

/** Without the brackets of an IPv6 address. */
const hostOf = (url: URL) => url.hostname.replace(/^\[|\]$/g, '');

/** The socket is made here so that a server that does not answer can be left without asking it. */
export function openSocket(uri: string): Socket {
  const url = new URL(uri);
  const path = url.searchParams.get('socket');
  if (path) return connect({ path });
  const port = Number(url.port || DEFAULT_PORT);
  return connect({
    host: hostOf(url),
    port,
    keepAlive: true,
    keepAliveInitialDelay: KEEP_ALIVE_AFTER_MS,
    noDelay: true,
  });
}

type Encryption = SecureContextOptions & { rejectUnauthorized: boolean; host: string; servername: string };

/** As Prisma does: encrypted where a parameter speaks of it, and the certificate looked at only with sslaccept=strict. */
function encryption(parameters: URLSearchParams, host: string): Encryption | false {
  const [accept, certificate, identity] = ['sslaccept', 'sslcert', 'sslidentity'].map((name) => parameters.get(name));
  if (!accept && !certificate && !identity) return false;
  return {
    rejectUnauthorized: accept === 'strict',
    // The driver does not say whose certificate it is to be; an address cannot be asked for by name.
    host,
    servername: isIP(host) ? '' : host,
    ...(certificate && { ca: readFileSync(certificate) }),
    ...(identity && { pfx: readFileSync(identity), passphrase: parameters.get('sslpassword') ?? '' }),
  };
}
