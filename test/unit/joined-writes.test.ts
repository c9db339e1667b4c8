import { describe, expect, it } from '@jest/globals';
import type { ChannelModel } from 'amqplib';
import { once } from 'node:events';
import { Writable } from 'node:stream';
import { joinWrites } from '../../src/stores/rabbitmq/joined-writes';

describe('what is written to a connection', () => {
  it('in one turn of the event loop leaves at once and in its order, and what comes later does not wait for more', async () => {
    const calls: string[] = [];
    const socket = new Writable({
      write(chunk: Buffer, _encoding, done) {
        calls.push(chunk.toString());
        done();
      },
      writev(chunks, done) {
        calls.push(chunks.map(({ chunk }) => String(chunk)).join('|'));
        done();
      },
    });
    joinWrites({ connection: { stream: socket } } as unknown as ChannelModel);
    for (const part of ['a', 'b', 'c']) socket.write(part);
    await new Promise(setImmediate);
    expect(calls).toEqual(['a|b|c']);
    socket.write('d');
    await new Promise(setImmediate);
    socket.end('e');
    await once(socket, 'finish');
    expect(calls).toEqual(['a|b|c', 'd', 'e']);
  });

  it('is left as it is where the client keeps its socket elsewhere', () => {
    expect(() => joinWrites({ connection: {} } as unknown as ChannelModel)).not.toThrow();
  });
});
