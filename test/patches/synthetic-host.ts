import { afterAll } from '@jest/globals';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Release } from '../../patches/engine/recipe';
import { release } from '../../patches/series';

/** The smallest host that has every anchor, in words of our own. */
const FILES = {
  'package.json': `{
  "name": "evolution-api",
  "version": "2.3.7",
  "dependencies": {
    "baileys": "1.0.0",
    "express": "4.0.0",
    "zebra": "1.0.0"
  }
}
`,
  'src/main.ts': `// Watch first — then the rest 🙂
import '@utils/instrumentSentry';

import { monitor } from '@api/server.module';
import { configService } from '@config/env.config';
import router from './router';

async function bootstrap() {
  const app = make();
  app.use('/files', router);
  app.use('/', router);
  app.listen();
}

void bootstrap();
`,
  'src/cache/cacheengine.ts': `import { ICache } from '@api/abstract/abstract.cache';
import { Store } from './store';

export class CacheEngine {
  private engine: ICache;

  constructor(module: string) {
    this.name = module;
    if (module !== '') {
      this.engine = new Store(module);
    }
  }
}
`,
  'src/untouched.ts': 'export const nothing = 1;\n',
  Dockerfile: `FROM node

COPY package.json ./

RUN npm ci

RUN npm run build
`,
};

export type HostFiles = { [path in keyof typeof FILES]?: string | undefined } & Record<string, string | undefined>;

export const RELEASE: Release = release('0.1.0');
export const TARBALL = 'evolution-guard/evolution-guard-0.1.0.tgz';
export const MANIFEST = 'evolution-guard/applied.json';
export const pack = () => Buffer.from('a tarball');

const folders: string[] = [];
afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true })));

export function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'guard-test-'));
  folders.push(folder);
  return folder;
}

/** Writes the host with `changes` over it (undefined leaves a file out), each file put through `form`. */
export function makeHost(changes: HostFiles = {}, form: (text: string) => string = (text) => text): string {
  const dir = makeFolder();
  for (const [path, text] of Object.entries({ ...FILES, ...changes })) {
    if (text !== undefined) write(dir, path, form(text));
  }
  return dir;
}

export function hostFile(path: keyof typeof FILES): string {
  return FILES[path];
}

export function write(dir: string, path: string, text: string | Buffer): void {
  mkdirSync(dirname(join(dir, path)), { recursive: true });
  writeFileSync(join(dir, path), text);
}

export function read(dir: string, path: string): string {
  return readFileSync(join(dir, path), 'utf8');
}

/** Every file below `dir` with its bytes, so that two trees can be compared whole. */
export function tree(dir: string): Record<string, string> {
  const entries = readdirSync(dir, { recursive: true, withFileTypes: true }).filter((entry) => !entry.isDirectory());
  const paths = entries.map((entry) => join(entry.parentPath, entry.name).slice(dir.length + 1)).sort();
  return Object.fromEntries(paths.map((path) => [path, readFileSync(join(dir, path), 'latin1')]));
}

export function toCrlf(text: string): string {
  return text.replaceAll('\n', '\r\n');
}

export function withoutLastNewline(text: string): string {
  return text.replace(/\n$/, '');
}

/** The error that `action` throws, for its code and detail. */
export function refusal(action: () => unknown): Record<string, unknown> {
  try {
    action();
  } catch (error) {
    return error as Record<string, unknown>;
  }
  throw new Error('it was not refused');
}
