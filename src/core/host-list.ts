import { isIP } from 'node:net';
import { z } from 'zod';

/** One entry of a list of hosts. Without a port it means the one that the scheme of a URL stands for. */
export type HostEntry =
  /** Lower case. A wildcard stands for any name below it, and not for itself. */
  | { kind: 'name'; name: string; isWildcard: boolean; port: number | undefined }
  | { kind: 'address'; address: string; port: number | undefined }
  | { kind: 'range'; address: string; prefix: number };

const NAME = /^(\*\.)?([a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*)$/;
const MOST_PORT = 65_535;

/** @returns nothing where it is no host. */
export function readHostEntry(text: string): HostEntry | undefined {
  const [, address = '', bits = ''] = /^([^/]+)\/(\d{1,3})$/.exec(text) ?? [];
  const family = isIP(address);
  if (family !== 0) {
    const prefix = Number(bits);
    return prefix <= (family === 4 ? 32 : 128) ? { kind: 'range', address, prefix } : undefined;
  }
  if (isIP(text) === 6) return { kind: 'address', address: text, port: undefined };
  const [, bracketed, plain = '', digits] = /^(?:\[([^\]]+)\]|([^:/[\]]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const port = digits === undefined ? undefined : Number(digits);
  if (port === 0 || (port ?? 0) > MOST_PORT) return undefined;
  if (bracketed !== undefined) {
    return isIP(bracketed) === 6 ? { kind: 'address', address: bracketed, port } : undefined;
  }
  if (isIP(plain) === 4) return { kind: 'address', address: plain, port };
  const [, star, name] = NAME.exec(plain.toLowerCase()) ?? [];
  // What is all digits at its end would be taken for an address by a URL.
  if (name === undefined || /(^|\.)\d+$/.test(name)) return undefined;
  return { kind: 'name', name, isWildcard: star !== undefined, port };
}

/** Several, separated by commas or spaces. */
export const hostList = z
  .string()
  .transform((text) => text.split(/[\s,]+/).filter((each) => each !== ''))
  .transform((all, context) => {
    const entries = all.map(readHostEntry);
    const wrong = all.filter((_, index) => !entries[index]);
    if (wrong.length > 0) {
      const message = `${wrong.join(', ')}: must be host, host:port, *.host, an address, or a range such as 10.0.0.0/8`;
      context.addIssue({ code: 'custom', message });
      return z.NEVER;
    }
    return entries.filter((entry) => entry !== undefined);
  });
