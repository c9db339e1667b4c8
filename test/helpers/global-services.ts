import { randomUUID } from 'node:crypto';
import { createConnection } from 'mariadb';
import { Client } from 'pg';
import { connectionOptions } from '../../src/stores/mysql/connection-options';
import {
  mariadb,
  postgres,
  provide,
  rabbitmq,
  redis,
  startMariadb,
  startPostgres,
  startRabbitmq,
  startRedis,
  type RunningService,
} from '../../scripts/services';

/**
 * One server of each kind for all test files of a run, started when the first of them asks. Kept in jest's own process:
 * so no test file ends one for the others, and a run that needs no server starts none.
 */
export class SharedServices {
  readonly #ends: (() => Promise<void>)[] = [];
  #installed: Promise<void> | undefined;

  readonly postgres = this.#once(startPostgres);
  readonly mariadb = this.#once(startMariadb);
  readonly redis = this.#once(startRedis);
  readonly rabbitmq = this.#once(startRabbitmq);

  async createDatabase(): Promise<string> {
    const { url, how } = await this.postgres();
    const name = uniqueName();
    await query(url, `CREATE DATABASE ${name}`);
    if (how === 'given') this.#ends.push(() => query(url, `DROP DATABASE ${name} WITH (FORCE)`));
    return withPath(url, name);
  }

  async createMariadbDatabase(): Promise<string> {
    const { url, how } = await this.mariadb();
    const name = uniqueName();
    await mariadbQuery(url, `CREATE DATABASE ${name}`);
    if (how === 'given') this.#ends.push(() => mariadbQuery(url, `DROP DATABASE ${name}`));
    return withPath(url, name);
  }

  /** A broker that was given takes no such orders; there tests are apart by the names that they choose. */
  async createVhost(): Promise<string> {
    const broker = await this.rabbitmq();
    if (broker.how === 'given') return broker.url;
    const name = uniqueName();
    await broker.ctl(['add_vhost', name]);
    await broker.ctl(['set_permissions', '--vhost', name, 'guest', '.*', '.*', '.*']);
    return withPath(broker.url, name);
  }

  /** Installs what is lacking and may be installed. Starting tells what is lacking even so. */
  installBinaries(): Promise<void> {
    return (this.#installed ??= (async () => {
      await provide(postgres);
      await provide(mariadb);
      await provide(redis);
      await provide(rabbitmq);
    })());
  }

  async stop(): Promise<void> {
    await Promise.all(this.#ends.map((end) => end()));
  }

  #once<Service extends RunningService>(start: () => Promise<Service>): () => Promise<Service> {
    let running: Promise<Service> | undefined;
    return () => (running ??= start().then((service) => this.#own(service)));
  }

  #own<Service extends RunningService>(service: Service): Service {
    if (service.how !== 'given') this.#ends.push(() => service.stop());
    return service;
  }
}

function uniqueName(): string {
  return `guard_test_${randomUUID().replaceAll('-', '')}`;
}

function withPath(url: string, name: string): string {
  return Object.assign(new URL(url), { pathname: `/${name}` }).href;
}

async function query(url: string, statement: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

async function mariadbQuery(url: string, statement: string): Promise<void> {
  const connection = await createConnection(connectionOptions(url));
  try {
    await connection.query(statement);
  } finally {
    await connection.end();
  }
}
