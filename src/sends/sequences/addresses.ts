import { BlockList, isIP } from 'node:net';

/**
 * Addresses that are not of the public Internet, by the registries of IANA (RFC 6890): private and link-local ones, that
 * of the machine itself, those of carriers, documentation and multicast, and IPv6 forms that another address hides in.
 * IPv6 forms of IPv4 addresses (::ffff:a.b.c.d) are found by the IPv4 entries.
 */
const NOT_PUBLIC = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
  ['::', 96],
  ['64:ff9b::', 96],
  ['64:ff9b:1::', 48],
  ['100::', 64],
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['fc00::', 7],
  ['fe80::', 10],
  ['fec0::', 10],
  ['ff00::', 8],
] as const;

const LOOPBACK = [
  ['0.0.0.0', 32],
  ['127.0.0.0', 8],
  ['::', 128],
  ['::1', 128],
] as const;

/** Asks whether an address is in one of several ranges. What is no address is in none. */
export function addressRanges(ranges: readonly (readonly [address: string, prefix: number])[]) {
  const list = new BlockList();
  for (const [address, prefix] of ranges) list.addSubnet(address, prefix, familyOf(address));
  return (address: string) => isIP(address) !== 0 && list.check(address, familyOf(address));
}

const familyOf = (address: string) => (isIP(address) === 6 ? 'ipv6' : 'ipv4');

export const isNotPublic = addressRanges(NOT_PUBLIC);
export const isLoopback = addressRanges(LOOPBACK);
