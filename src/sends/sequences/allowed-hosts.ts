import { isIP } from 'node:net';
import { GuardError } from '../../core/errors';
import type { HostEntry } from '../../core/host-list';
import { addressRanges, isLoopback, isNotPublic } from './addresses';

/** How this host itself is reached. */
export interface OwnHost {
  /** As others are told. */
  url: string | undefined;
  /** That it listens at. */
  port: number | undefined;
  /** Names and addresses of this machine. */
  names: () => readonly string[];
}

/** Where HTTP steps may go. */
export class AllowedHosts {
  private readonly isListed: (address: string, port: number) => boolean;

  constructor(
    private readonly entries: readonly HostEntry[],
    private readonly own: OwnHost,
  ) {
    const ranges = addressRanges(
      entries.flatMap((entry) => (entry.kind === 'range' ? [[entry.address, entry.prefix] as const] : [])),
    );
    const addresses = entries.flatMap((entry) => (entry.kind === 'address' ? [entry] : []));
    this.isListed = (address, port) =>
      ranges(address) ||
      addresses.some((entry) => same(entry.address, address) && (entry.port === undefined || entry.port === port));
  }

  /**
   * Looks at a URL, before anything is asked of DNS.
   *
   * @returns what is wrong with it: GUARD_SEQUENCE_URL or GUARD_SEQUENCE_LOOP.
   */
  refusal(text: string): GuardError | undefined {
    const url = URL.canParse(text) ? new URL(text) : undefined;
    if (!url || !/^https?:$/.test(url.protocol)) return refused('It is no URL that starts with http:// or https://.');
    if (url.username !== '' || url.password !== '') {
      return refused(`${url.host} is given with a user or password: those belong into headers.`);
    }
    if (this.entries.length === 0) return refused('GUARD_SEQUENCE_HTTP_HOSTS is not set.');
    const [host, port] = [hostOf(url), portOf(url)];
    if (this.isOwn(host, port)) return new GuardError('GUARD_SEQUENCE_LOOP', `${url.host} is this host.`);
    if (!this.isNamed(host, port, url)) return refused(`${url.host} is not listed.`);
    return isIP(host) === 0 ? undefined : this.addressRefusal(host, port);
  }

  /** Looks at an address that is about to be connected to. @returns as refusal does. */
  addressRefusal(address: string, port: number): GuardError | undefined {
    if (port === this.own.port && this.isThisMachine(address)) {
      return new GuardError('GUARD_SEQUENCE_LOOP', `${address} is this machine, and port ${port} this host's.`);
    }
    if (!isNotPublic(address) || this.isListed(address, port)) return undefined;
    return refused(`${address} is not a public address, and not listed.`);
  }

  private isNamed(host: string, port: number, url: URL): boolean {
    return this.entries.some((entry) => {
      // A range names no port: it means that of the scheme, as an entry without a port does.
      const isPort = 'port' in entry && entry.port !== undefined ? entry.port === port : url.port === '';
      if (!isPort) return false;
      if (entry.kind === 'name') return entry.isWildcard ? host.endsWith(`.${entry.name}`) : host === entry.name;
      return entry.kind === 'address'
        ? same(entry.address, host)
        : addressRanges([[entry.address, entry.prefix]])(host);
    });
  }

  private isOwn(host: string, port: number): boolean {
    const { url } = this.own;
    const known = url !== undefined && URL.canParse(url) ? new URL(url) : undefined;
    if (known && host === hostOf(known) && port === portOf(known)) return true;
    return port === this.own.port && (host === 'localhost' || host.endsWith('.localhost') || this.isThisMachine(host));
  }

  private isThisMachine(host: string): boolean {
    return isLoopback(host) || this.own.names().some((name) => same(name.toLowerCase(), host));
  }
}

const refused = (detail: string) => new GuardError('GUARD_SEQUENCE_URL', detail);

/** Two spellings of one address, or the same name. */
function same(one: string, other: string): boolean {
  if (one === other) return true;
  const family = isIP(one);
  return family !== 0 && isIP(other) !== 0 && addressRanges([[one, family === 6 ? 128 : 32]])(other);
}

/** Lower case as URL makes it, without the brackets of IPv6 and the dot that may end a name. */
const hostOf = ({ hostname }: URL) => hostname.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '');

const portOf = ({ port, protocol }: URL) => (port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port));
