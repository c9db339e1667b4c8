import { expect, it } from '@jest/globals';
import { REFERENCE_HOST } from '../../scripts/host/program';
import { RunningHost } from '../../scripts/host/running-host';
import { createVhost } from '../helpers/services';

it('a host without any database setting starts as if it were not patched, although the guard is switched on', async () => {
  const host = await RunningHost.start(REFERENCE_HOST, {
    databaseUrl: '',
    brokerUrl: await createVhost(),
    guarded: true,
  });
  expect((await host.get('/guard/health')).status).toBe(404);
  await host.createInstance('plain', { rabbitmq: ['SEND_MESSAGE'] });
  await expect(host.sendText('plain', '5511900000001', 'as always')).resolves.toMatch(/\w/);
  await host.stop();
});
