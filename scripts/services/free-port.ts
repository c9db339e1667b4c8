import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/**
 * A loopback port below the range that outgoing connections take theirs from. In that range the port of a server that
 * is down for a while may be taken by some client, and a client that keeps trying to connect can meet itself.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(16_000, 32_000);
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
