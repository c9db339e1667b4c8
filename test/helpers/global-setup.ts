import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SharedServices } from './global-services';

declare global {
  var stopSharedServices: () => Promise<void>;
}

/** Runs once, before all test files: opens the door at which they ask for servers, see services.ts. */
export default async function setUp(): Promise<void> {
  const services = new SharedServices();
  const answers: Record<string, () => Promise<string | void>> = {
    '/postgres': async () => (await services.postgres()).url,
    '/mariadb': async () => (await services.mariadb()).url,
    '/redis': async () => (await services.redis()).url,
    '/rabbitmq': async () => (await services.rabbitmq()).url,
    '/database': () => services.createDatabase(),
    '/mariadb-database': () => services.createMariadbDatabase(),
    '/vhost': () => services.createVhost(),
    '/binaries': () => services.installBinaries(),
  };

  const door = createServer((request, response) => {
    const answer = answers[request.url ?? ''] ?? (() => Promise.reject(new Error(`no such service: ${request.url}`)));
    answer().then(
      (text) => response.end(text),
      (error: Error) => response.writeHead(500).end(error.message),
    );
  });
  await new Promise<void>((resolve) => door.listen(0, '127.0.0.1', resolve));

  process.env['SHARED_SERVICES_URL'] = `http://127.0.0.1:${(door.address() as AddressInfo).port}`;
  globalThis.stopSharedServices = async () => {
    door.close();
    await services.stop();
  };
}
