import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { hostList } from '../../src/core/host-list';
import { AllowedHosts, type OwnHost } from '../../src/sends/sequences/allowed-hosts';
import { HttpClient } from '../../src/sends/sequences/http-client';
import { Outside } from './sequences-rig';

const OWN: OwnHost = { url: undefined, port: undefined, names: () => [] };
const never = new AbortController().signal;
const LOCAL = [{ address: '127.0.0.1', family: 4 }];

describe('the requests of sequences', () => {
  const outside = new Outside();

  /** Names resolve as told, each time anew. */
  function clientOf(list: string, answers: { address: string; family: number }[][] = [], own = OWN) {
    const asked: string[] = [];
    const resolve = (name: string) => {
      asked.push(name);
      return Promise.resolve(answers[Math.min(asked.length, answers.length) - 1] ?? []);
    };
    const client = new HttpClient({ hosts: new AllowedHosts(hostList.parse(list), own), resolve });
    const get = (url: string, timeoutMs = 30_000, signal = never) =>
      client.request({ method: 'GET', url, headers: {}, body: undefined, timeoutMs }, signal);
    return { get, asked };
  }

  const named = (name: string) => `http://${name}:${outside.port}/hook`;

  beforeAll(async () => {
    await outside.open();
  });
  beforeEach(() => outside.forget());
  afterAll(() => outside.close());

  it('reach a name whose address is listed too, and no other private one', async () => {
    const listed = clientOf(`n8n:${outside.port},127.0.0.0/8`, [LOCAL]);
    expect(await listed.get(named('n8n'))).toEqual({ status: 200, retryAfterMs: undefined });
    const unlisted = clientOf(`n8n:${outside.port}`, [LOCAL]);
    await expect(unlisted.get(named('n8n'))).rejects.toMatchObject({
      code: 'GUARD_SEQUENCE_URL',
      detail: '127.0.0.1 is not a public address, and not listed.',
    });
    expect(outside.seen).toEqual(['http /hook']);
  });

  it('look at addresses each time they connect: a name that leads elsewhere the second time is not followed', async () => {
    const metadata = [{ address: '169.254.169.254', family: 4 }];
    const { get, asked } = clientOf(`rebinding.example:${outside.port},127.0.0.1`, [LOCAL, metadata]);
    expect(await get(named('rebinding.example'))).toMatchObject({ status: 200 });
    await expect(get(named('rebinding.example'))).rejects.toMatchObject({ code: 'GUARD_SEQUENCE_URL' });
    expect(asked).toHaveLength(2);
    expect(outside.seen).toEqual(['http /hook']);
  });

  it('choose among the addresses of a name those that are allowed', async () => {
    const mixed = [{ address: '10.0.0.1', family: 4 }, { address: '::1', family: 6 }, ...LOCAL];
    expect(await clientOf(`mixed:${outside.port},127.0.0.1`, [mixed]).get(named('mixed'))).toMatchObject({
      status: 200,
    });
  });

  it('never reach this host itself by a name for it', async () => {
    const own = { ...OWN, port: outside.port };
    const { get } = clientOf(`evil.example:${outside.port},127.0.0.0/8`, [LOCAL], own);
    await expect(get(named('evil.example'))).rejects.toMatchObject({ code: 'GUARD_SEQUENCE_LOOP' });
    expect(outside.seen).toEqual([]);
  });

  it('ask no proxy of the environment, which would connect to whatever it likes', async () => {
    process.env['HTTP_PROXY'] = outside.url('');
    try {
      await expect(clientOf('crm.example', [[]]).get('http://crm.example/')).rejects.toThrow('has no address');
    } finally {
      delete process.env['HTTP_PROXY'];
    }
    expect(outside.seen).toEqual([]);
  });

  it('give a redirect as the answer that it is', async () => {
    outside.answer = () => 302;
    expect(await clientOf(`127.0.0.1:${outside.port}`).get(outside.url('/moved'))).toMatchObject({ status: 302 });
    expect(outside.seen).toEqual(['http /moved']);
  });

  it('say how long a receiver took that did not answer, and end when they are told to', async () => {
    outside.answer = () => new Promise(() => undefined);
    const { get } = clientOf(`127.0.0.1:${outside.port}`);
    await expect(get(outside.url('/hang'), 100)).rejects.toThrow('no answer within 100 ms');
    const ending = new AbortController();
    const request = get(outside.url('/end'), 30_000, ending.signal);
    await outside.until('http /end');
    ending.abort();
    await expect(request).rejects.toThrow('canceled');
  });

  it('say that a receiver does not listen', async () => {
    await expect(clientOf('127.0.0.1:1').get('http://127.0.0.1:1/')).rejects.toThrow('ECONNREFUSED');
  });

  describe('to a receiver that answers without end', () => {
    let server: Server;
    let written = 0;
    const sockets = new Set<Socket>();

    beforeAll(async () => {
      server = createServer((socket) => {
        sockets.add(socket);
        socket.on('error', () => undefined);
        socket.write('HTTP/1.1 200 OK\r\nretry-after: 7\r\n\r\n');
        const more = () => {
          while (!socket.destroyed && socket.write(Buffer.alloc(16_384))) written += 16_384;
        };
        socket.on('drain', more);
        more();
      });
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
    });

    afterAll(async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    });

    it('are done with its head, and read little of the rest', async () => {
      const { port } = server.address() as AddressInfo;
      const answer = await clientOf(`127.0.0.1:${port}`).get(`http://127.0.0.1:${port}/`);
      expect(answer).toEqual({ status: 200, retryAfterMs: 7_000 });
      expect(written).toBeLessThan(64 * 1024 * 1024);
    });
  });
});
