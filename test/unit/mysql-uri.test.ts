import { describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectionOptions } from '../../src/stores/mysql/connection-options';

describe('the URI of a MySQL', () => {
  it('may have any character in its user, password and database, percent-encoded', () => {
    expect(connectionOptions('mysql://a%40b:p%2F%3A%C3%A9@db.example/evo%20lution')).toMatchObject({
      host: 'db.example',
      port: 3306,
      user: 'a@b',
      password: 'p/:é',
      database: 'evo lution',
    });
  });

  it('may name an IPv6 address and a port', () => {
    expect(connectionOptions('mariadb://u@[::1]:3307/evolution')).toMatchObject({ host: '::1', port: 3307 });
  });

  it('asks for encryption with the parameters of Prisma, and says whether the certificate is looked at', () => {
    const folder = mkdtempSync(join(tmpdir(), 'mysql-uri-'));
    const file = join(folder, 'ca.pem');
    writeFileSync(file, 'certificate');
    const ssl = (parameters: string) => connectionOptions(`mysql://u@h/d?${parameters}`).ssl;
    expect(ssl('connection_limit=5')).toBe(false);
    expect(ssl('sslaccept=accept_invalid_certs')).toMatchObject({ rejectUnauthorized: false });
    expect(ssl(`sslaccept=strict&sslcert=${file}`)).toMatchObject({
      rejectUnauthorized: true,
      ca: Buffer.from('certificate'),
    });
    expect(ssl(`sslidentity=${file}&sslpassword=word`)).toMatchObject({ passphrase: 'word' });
    rmSync(folder, { recursive: true });
  });
});
