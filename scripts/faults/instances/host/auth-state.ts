import { mkdir, unlink, writeFile } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { Sql } from '../sql';

/** Of a session, as far as it matters here. `device` is what WhatsApp knows it by; null: not paired yet. */
export interface Creds {
  device: string | null;
  noiseKey: string;
}

export type Keys = Record<string, Record<string, unknown>>;

export interface AuthState {
  state: { creds: Creds; keys: { set: (data: Keys) => Promise<void> } };
  saveCreds: () => Promise<void>;
  removeCreds: () => Promise<void>;
}

const fixFileName = (file: string) => file.replaceAll('/', '__').replaceAll(':', '-');

/** As src/utils/use-multi-file-auth-state-prisma.ts does it without Redis, byte for byte and one statement after the other. */
export async function useAuthState(sql: Sql, instanceId: string): Promise<AuthState> {
  const folder = join(process.cwd(), 'instances', instanceId);
  await mkdir(folder, { recursive: true });
  const fileOf = (key: string) => join(folder, `${fixFileName(key)}.json`);
  const rows = () => sql.query<{ creds: string }>(`SELECT "creds" FROM "Session" WHERE "sessionId" = ?`, [instanceId]);

  const writeCreds = async (creds: Creds) => {
    const text = JSON.stringify(JSON.stringify(creds));
    const exists = (await rows()).length > 0;
    // An error is swallowed there, too.
    await sql
      .query(
        exists
          ? `UPDATE "Session" SET "creds" = ? WHERE "sessionId" = ?`
          : `INSERT INTO "Session" ("creds", "sessionId", "id") VALUES (?, ?, ?)`,
        exists ? [text, instanceId] : [text, instanceId, randomUUID()],
      )
      .catch(() => undefined);
  };
  const readCreds = async () => {
    const [row] = await rows();
    return row ? (JSON.parse(JSON.parse(row.creds) as string) as Creds) : undefined;
  };

  const found = await readCreds();
  const creds = found ?? { device: null, noiseKey: randomUUID() };
  if (!found) await writeCreds(creds);
  return {
    state: {
      creds,
      keys: {
        async set(data) {
          const tasks = Object.entries(data).flatMap(([category, values]) =>
            Object.entries(values).map(([id, value]) => {
              const file = fileOf(`${category}-${id}`);
              return value ? writeFile(file, JSON.stringify(value)) : unlink(file).catch(() => undefined);
            }),
          );
          await Promise.all(tasks);
        },
      },
    },
    saveCreds: () => writeCreds(creds),
    removeCreds: async () => void (await sql.query(`DELETE FROM "Session" WHERE "sessionId" = ?`, [instanceId])),
  };
}
