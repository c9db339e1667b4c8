import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { outboxRow } from '../helpers/outbox-rows';
import { startSecureMariadb, type RunningService } from '../helpers/services';
import { MIGRATIONS, openTestEngine } from '../helpers/test-store';

describe('a MariaDB that takes no connection in the clear', () => {
  const folder = mkdtempSync(join(tmpdir(), 'mysql-tls-'));
  const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')];
  let server: RunningService;

  beforeAll(async () => {
    const subject = ['-subj', '/CN=database', '-addext', 'subjectAltName=IP:127.0.0.1'];
    const files = ['-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', certificate];
    execFileSync('openssl', ['req', '-x509', '-days', '2', ...files, ...subject], { stdio: 'pipe' });
    chmodSync(folder, 0o755); // the server is another user
    chmodSync(key, 0o644);
    server = await startSecureMariadb({ key, certificate });
  }, 120_000);

  afterAll(async () => {
    await server.stop();
    rmSync(folder, { recursive: true });
  });

  const migrate = async (parameters: string) => {
    const engine = await openTestEngine(Object.assign(new URL(server.url), { search: parameters }).href);
    try {
      return await engine.migrate('test');
    } catch (error) {
      return engine.asDatabaseError(error).message;
    } finally {
      await engine.close();
    }
  };

  it('is reached with the parameters that Prisma has for it, and its certificate is looked at where they ask for it', async () => {
    expect(await migrate('')).toContain('GUARD_DATABASE_REFUSED');
    expect(await migrate('?sslaccept=accept_invalid_certs')).toEqual(MIGRATIONS);
    expect(await migrate('?sslaccept=strict')).toMatch(/GUARD_DATABASE_UNREACHABLE.*self-signed certificate/);
    expect(await migrate(`?sslaccept=strict&sslcert=${certificate}`)).toEqual([]);
  });

  it('is left when it does not answer or dies, and reached again when it is back', async () => {
    const engine = await openTestEngine(server.url);
    await Promise.all([engine.outbox.backlog(), engine.outbox.backlog()]);
    await server.pause();
    await expect(engine.outbox.append([outboxRow()])).rejects.toThrow('no answer within 5000 ms');
    await server.resume();
    await expect(engine.outbox.append([outboxRow()])).resolves.toHaveLength(1);
    await server.kill();
    await expect(engine.outbox.append([outboxRow()])).rejects.toThrow();
    await server.restart();
    await expect(engine.outbox.append([outboxRow()])).resolves.toHaveLength(1);
    await engine.close();
  });
});
