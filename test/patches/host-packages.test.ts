import { describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { intersects, satisfies } from 'semver';
import { z } from 'zod';
import { SUPPORTED_VERSIONS } from '../../patches/supported-versions';
import { HOST_PACKAGES } from './host-packages';

const ranges = z.record(z.string(), z.string()).default({});
const lock = z.object({
  packages: z.record(
    z.string(),
    z.object({
      version: z.string(),
      dependencies: ranges,
      optionalDependencies: ranges,
      peerDependencies: ranges,
    }),
  ),
});
const { packages } = lock.parse(JSON.parse(readFileSync(join(__dirname, '../../package-lock.json'), 'utf8')));
const own = packages['']?.dependencies ?? {};

interface Ask {
  by: string;
  name: string;
  range: string;
}

/** All that the plugin, and what npm installs with it beside that version's own packages, asks for. */
function asksIn(version: string): Ask[] {
  const asks: Ask[] = [];
  const seen = new Set<string>();
  const visit = (path: string): void => {
    seen.add(path);
    const { dependencies, optionalDependencies, peerDependencies } = packages[path] ?? {};
    for (const [name, range] of Object.entries({ ...peerDependencies, ...optionalDependencies, ...dependencies })) {
      asks.push({ by: path || 'evolution-guard', name, range });
      const place = placeOf(name, path);
      if (place !== undefined && !seen.has(place) && !isShared(name, range, version)) visit(place);
    }
  };
  visit('');
  return asks;
}

/** The nearest copy in our own tree, as Node looks for it; nothing for a peer that is not installed. */
function placeOf(name: string, from: string): string | undefined {
  const place = `${from && `${from}/`}node_modules/${name}`;
  if (packages[place]) return place;
  return from ? placeOf(name, from.slice(0, Math.max(0, from.lastIndexOf('/node_modules/')))) : undefined;
}

function isShared(name: string, range: string, version: string): boolean {
  const installed = HOST_PACKAGES[name]?.[version];
  return installed !== undefined && satisfies(installed, range);
}

describe.each(SUPPORTED_VERSIONS)('npm install in a patched EvolutionAPI %s', (version) => {
  test('replaces none of its packages', () => {
    const replaced = asksIn(version).filter(({ name, range }) => {
      const theirs = HOST_PACKAGES[name];
      // Outside of what the host wants, npm gives the plugin a copy of its own.
      return theirs && !isShared(name, range, version) && intersects(range, theirs.wanted);
    });
    expect(replaced).toEqual([]);
  });

  test('is foreseen for each package', () => {
    const rows = Object.values(HOST_PACKAGES).filter((row) => row !== null);
    expect(rows.filter((row) => !row[version])).toEqual([]);
    expect(Object.keys(own).filter((name) => HOST_PACKAGES[name] === undefined)).toEqual([]);
  });
});

test('tests run with the releases of shared packages that the newest EvolutionAPI has', () => {
  const newest = SUPPORTED_VERSIONS[0] ?? '';
  const shared = Object.keys(own).filter((name) => isShared(name, own[name] ?? '', newest));
  expect(shared).toEqual(['axios', 'commander', 'express', 'pg']);
  for (const name of shared) {
    expect([name, packages[`node_modules/${name}`]?.version]).toEqual([name, HOST_PACKAGES[name]?.[newest]]);
  }
});
