import { connect } from 'node:net';

/** Resolves when the server does its work, be it as a replica or a Sentinel. */
export function answersPing(url: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port: Number(new URL(url).port), timeout: 2000 });
    socket.once('error', reject);
    socket.once('timeout', () => socket.destroy(new Error('no answer to PING within 2 s')));
    socket.once('close', () => reject(new Error('the connection was closed')));
    socket.once('data', (data) => {
      if (data.toString().startsWith('+PONG')) resolve();
      else reject(new Error(data.toString().trim()));
      socket.destroy();
    });
    socket.write('PING\r\n');
  });
}
