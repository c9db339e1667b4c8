import { Pool } from 'pg';

export interface SettingsRow {
  enabled: boolean;
  events: string[];
}

/** The host reads the settings of the instance from its database for every event; the guard, for every batch. */
export class SettingsTable {
  private constructor(private readonly pool: Pool) {}

  static async create(databaseUrl: string): Promise<SettingsTable> {
    const pool = new Pool({ connectionString: databaseUrl });
    await pool.query(`
      CREATE TABLE "Instance" (id text PRIMARY KEY, name text UNIQUE NOT NULL);
      CREATE TABLE "Rabbitmq" ("instanceId" text PRIMARY KEY REFERENCES "Instance", enabled boolean, events jsonb);
      INSERT INTO "Instance" VALUES ('1', 'bench');
      INSERT INTO "Rabbitmq" VALUES ('1', true, '["SEND_MESSAGE"]');`);
    return new SettingsTable(pool);
  }

  async read(instance: string): Promise<SettingsRow | null> {
    const { rows } = await this.pool.query<SettingsRow>(
      'SELECT enabled, events FROM "Rabbitmq" JOIN "Instance" ON id = "instanceId" WHERE name = $1',
      [instance],
    );
    return rows[0] ?? null;
  }

  close(): Promise<void> {
    return this.pool.end();
  }
}
