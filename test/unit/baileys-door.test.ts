import { beforeEach, describe, expect, it } from '@jest/globals';
import { EventEmitter } from 'node:events';
import type { HeardAcknowledgement } from '../../src/host/acknowledgements';
import { joinBaileysDoor } from '../../src/host/baileys-door';
import { Attempt, runAttempt } from '../../src/sends/attempt';
import { recordingLog, type RecordingLog } from '../helpers/recording-log';

const NUMBER = '5511988887777@s.whatsapp.net';
const held = { isHeld: () => true };

/** What the host's channel does, as far as the door sees it. The host calls it with these eight, and null for the id. */
function createChannel(fails?: Error) {
  class Baileys {
    instance: { name?: string } = {};
    client = { ws: new EventEmitter() };
    socket: unknown[][] = [];
    heardByHost: unknown[] = [];
    messageHandle: Record<string, (payload: unknown) => unknown> = {
      'messages.update': (updates) => this.heardByHost.push(updates),
      'messages.upsert': (upsert) => this.heardByHost.push(upsert),
    };

    protected sendMessage(
      sender: string,
      message: object,
      mentions: unknown,
      linkPreview: unknown,
      quoted: unknown,
      messageId?: string | null,
      ephemeralExpiration?: number,
      contextInfo?: object,
    ): Promise<object> {
      this.socket.push([sender, message, mentions, linkPreview, quoted, messageId, ephemeralExpiration, contextInfo]);
      if (fails) return Promise.reject(fails);
      return Promise.resolve({ key: { id: messageId ?? 'FROM-THE-SOCKET' } });
    }

    send(messageId: string | null = null) {
      return this.sendMessage(NUMBER, { conversation: 'hello' }, undefined, false, undefined, messageId, 7, { a: 1 });
    }
  }
  return new Baileys();
}

describe('the door of the Baileys channel', () => {
  let channel: ReturnType<typeof createChannel>;
  let heard: HeardAcknowledgement[];
  let learned: unknown[][];
  let log: RecordingLog;

  beforeEach(() => {
    [heard, learned, log] = [[], [], recordingLog()];
    channel = join(createChannel());
  });

  function join(given: ReturnType<typeof createChannel>) {
    const prototype = Object.getPrototypeOf(given) as Record<string, unknown>;
    joinBaileysDoor(prototype, given, {
      handler: (_call, stock) => stock(),
      acknowledge: (all) => heard.push(...all),
      learnLid: (...pair) => learned.push(pair),
      log,
    });
    given.instance.name = 'shop'; // the host names it after it was made
    return given;
  }

  const attemptWith = (messageId: string | undefined, lease = held) => new Attempt('send-1', messageId, lease);

  it('gives the message the id that was reserved for it, and changes nothing else', async () => {
    const attempt = attemptWith('3EB01');
    expect(await runAttempt(attempt, () => channel.send())).toEqual({ key: { id: '3EB01' } });
    expect(channel.socket).toEqual([
      [NUMBER, { conversation: 'hello' }, undefined, false, undefined, '3EB01', 7, { a: 1 }],
    ]);
    expect(attempt.contact).toEqual({ kind: 'taken', messageId: '3EB01' });
  });

  it('leaves an id alone that the host has chosen, and tells the one that the message has', async () => {
    const attempt = attemptWith('3EB01');
    await runAttempt(attempt, () => channel.send('OF-THE-HOST'));
    expect(attempt.contact).toEqual({ kind: 'taken', messageId: 'OF-THE-HOST' });
    const unreserved = attemptWith(undefined);
    await runAttempt(unreserved, () => channel.send());
    expect(unreserved.contact).toEqual({ kind: 'taken', messageId: 'FROM-THE-SOCKET' });
  });

  it('holds a message back when the chat is somebody else’s by now', async () => {
    const attempt = attemptWith('3EB01', { isHeld: () => false });
    await expect(runAttempt(attempt, () => channel.send())).rejects.toThrow(/GUARD_SENDS_LEASE_LOST/);
    expect([channel.socket, attempt.contact]).toEqual([[], { kind: 'held-back' }]);
  });

  it('knows of a message that was handed over and failed that it may have gone out', async () => {
    channel = join(createChannel(new Error('Timed Out')));
    const attempt = attemptWith('3EB01');
    await expect(runAttempt(attempt, () => channel.send())).rejects.toThrow('Timed Out');
    expect(attempt.contact).toEqual({ kind: 'under-way' });
  });

  it('is open where nobody guards a send', async () => {
    expect(await channel.send()).toEqual({ key: { id: 'FROM-THE-SOCKET' } });
  });

  it('reads acknowledgements before the host, which gets them as they came', () => {
    const updates = [
      { key: { id: '3EB01', fromMe: true }, update: { status: 3 } },
      { key: { id: 'IN1', fromMe: false }, update: { status: 4 } },
    ];
    channel.messageHandle['messages.update']?.(updates);
    expect(heard).toEqual([{ instance: 'shop', messageId: '3EB01', state: 'delivered', at: expect.any(Number) }]);
    expect(channel.heardByHost).toEqual([updates]);
  });

  it('hears the server’s own acknowledgements on the socket that it sends by, once for each connection', async () => {
    for (let send = 0; send < 3; send += 1) await runAttempt(attemptWith('3EB01'), () => channel.send());
    const ack = (attrs: object) => channel.client.ws.emit('CB:ack,class:message', { tag: 'ack', attrs });
    ack({ id: '3EB01' });
    ack({ id: '3EB02', error: '463' });
    ack({});
    expect(heard.map(({ messageId, state, error }) => [messageId, state, error])).toEqual([
      ['3EB01', 'server_ack', undefined],
      ['3EB02', 'failed', 'refused by WhatsApp with 463'],
    ]);
    channel.client = { ws: new EventEmitter() }; // it was connected anew
    await runAttempt(attemptWith('3EB03'), () => channel.send());
    ack({ id: '3EB03' });
    expect(heard).toHaveLength(3);
  });

  it('learns from messages which number is behind a LID', () => {
    const messages = [{ key: { remoteJid: '12@lid', remoteJidAlt: NUMBER } }, { key: null }, null];
    channel.messageHandle['messages.upsert']?.({ type: 'notify', messages });
    channel.messageHandle['messages.upsert']?.(undefined);
    expect(learned).toContainEqual(['shop', '12@lid', NUMBER]);
    expect(channel.heardByHost).toHaveLength(2);
  });

  it('leaves a channel alone whose parameters it does not know, and says so', async () => {
    class Other {
      messageHandle = {};
      sendMessage(...all: unknown[]) {
        return Promise.resolve(all);
      }
    }
    const other = new Other();
    join(Object.assign(other, { instance: {} }) as never);
    expect(log.lines).toMatchObject([{ level: 'error', fields: { found: 0 } }]);
    expect(await runAttempt(attemptWith('3EB01'), () => other.sendMessage(1, 2))).toEqual([1, 2]);
  });

  it('is put into a class once, however many instances it has', async () => {
    join(channel);
    const attempt = attemptWith('3EB01');
    await runAttempt(attempt, () => channel.send());
    expect([channel.socket.length, log.lines]).toEqual([1, []]);
  });
});
