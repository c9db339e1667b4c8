import { expect, it } from '@jest/globals';
import { Client } from 'pg';
import { createBackends, createInstance, messageIds, program, readSends, startHost } from './host-under-test';

it(`${program.name}, guarded and told to end, delivers what it has and gives its partitions back`, async () => {
  const backends = await createBackends();
  const host = await startHost({ ...backends, guarded: true });
  const instance = await createInstance(host, 'leaving');
  const reader = await readSends(backends.brokerUrl, instance);
  const sent = [
    await host.sendText(instance, '5511900000001', 'one'),
    await host.sendText(instance, '5511900000001', 'two'),
  ];
  await reader.until(({ length }) => length >= sent.length);
  await host.stop();
  await reader.close();
  expect(messageIds(reader)).toEqual(sent);

  const client = new Client({ connectionString: backends.databaseUrl });
  await client.connect();
  const { rows } = await client.query(
    `SELECT (SELECT count(*)::int FROM evolution_guard.relay_lease WHERE owner IS NOT NULL) AS held,
            (SELECT count(*)::int FROM evolution_guard.pending) AS waiting`,
  );
  await client.end();
  expect(rows).toEqual([{ held: 0, waiting: 0 }]);
});
