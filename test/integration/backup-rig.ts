import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Installation } from '../../src/backup/make-backup';
import { createLog } from '../../src/core/log';
import { openCredentials } from '../../src/stores/credentials/open';
import { openHostRows } from '../../src/stores/open-host-rows';
import { openHostSettingsRows } from '../../src/stores/open-host-settings-rows';
import { createHostTables, fillHostTables, hostRows } from '../helpers/host-settings-tables';
import type { TestSession } from '../helpers/test-store';

export const KEY_FILES = { 'pre-key-7.json': '{"private":{"type":"Buffer","data":"AP9/"}}', 'session-1.0.json': '"x"' };

/** A host: its database, its folder and what stands in its .env. */
export interface TestHost {
  url: string;
  dir: string;
  session: TestSession;
  /** Instances `i-<name>`, with rows in every table, and signal keys in files. */
  fill: (...names: string[]) => Promise<void>;
  /** Everything that a backup is to bring back: rows of every table, and files of keys. */
  content: () => Promise<Record<string, unknown>>;
  /** Opened once more for each environment. */
  open: (environment?: Record<string, string>, clientName?: string) => Promise<Installation>;
  stop: () => Promise<void>;
}

export async function createTestHost(url: string): Promise<TestHost> {
  const dir = await mkdtemp(join(tmpdir(), 'backup-host-'));
  const session = await createHostTables(url);
  const log = createLog('silent');
  const stops: (() => void | Promise<void>)[] = [];
  return {
    url,
    dir,
    session,
    async fill(...names) {
      await fillHostTables(url, session, names);
      for (const name of names) {
        await mkdir(join(dir, 'instances', `i-${name}`), { recursive: true });
        for (const [file, text] of Object.entries(KEY_FILES)) {
          await writeFile(join(dir, 'instances', `i-${name}`, file), text);
        }
      }
    },
    content: async () => ({ rows: await hostRows(url, session), files: await filesIn(join(dir, 'instances')) }),
    async open(environment = { DATABASE_SAVE_DATA_INSTANCE: 'true' }, clientName = 'test') {
      const rows = await openHostRows(url, log);
      const settings = openHostSettingsRows({ uri: url, log });
      const credentials = openCredentials({ environment, hostDir: dir, rows, log });
      stops.push(credentials.stop, settings.stop, rows.stop);
      return { clientName, instances: rows, settings, credentials: credentials.choice };
    },
    async stop() {
      for (const stop of stops) await stop();
      await session.close();
      await rm(dir, { recursive: true });
    },
  };
}

async function filesIn(folder: string): Promise<Record<string, string>> {
  const names = (await readdir(folder, { recursive: true }).catch(() => []))
    .filter((name) => name.includes('.'))
    .sort();
  const texts = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')));
  return Object.fromEntries(names.map((name, at) => [name, texts[at] ?? '']));
}
