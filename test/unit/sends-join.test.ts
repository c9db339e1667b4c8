import { describe, expect, it } from '@jest/globals';
import type { SendCall, SendHandler } from '../../src/host/send-call';
import { joinSends } from '../../src/host/sends-join';
import { recordingLog } from '../helpers/recording-log';

describe('the seam in the channels', () => {
  class Business {
    constructor(readonly sent: unknown[] = []) {}
    protected sendMessageWithTyping(number: string, message: unknown, options?: unknown, isIntegration = false) {
      this.sent.push([number, message, options, isIntegration]);
      return Promise.resolve('sent');
    }
    textMessage(number: string) {
      return this.sendMessageWithTyping(number, { text: 'hello' }, undefined, true);
    }
    post(_message: unknown, _path: string) {
      return Promise.resolve();
    }
    eventHandler(_content: unknown) {
      return Promise.resolve();
    }
  }

  /** Seams with a handler, and a log of their own. */
  function join(controller: { init: (data: unknown, parts: unknown) => unknown }, handler: SendHandler) {
    const log = recordingLog();
    joinSends(controller, { handler, acknowledge: () => undefined, learnLid: () => undefined, log });
    return log;
  }

  it('a send from within the channel class passes the handler with everything that the host gave, once for each', async () => {
    const controller = { init: (_data: unknown, _parts: unknown) => new Business() };
    const calls: SendCall[] = [];
    const log = join(controller, (call, stock) => (calls.push(call), stock()));
    const [first] = [
      controller.init({ integration: 'WHATSAPP-BUSINESS' }, {}),
      controller.init({ integration: 'WHATSAPP-BUSINESS' }, {}),
    ];
    await expect(first.textMessage('5511')).resolves.toBe('sent');
    expect(first.sent).toEqual([['5511', { text: 'hello' }, undefined, true]]);
    expect(calls).toEqual([
      {
        integration: 'WHATSAPP-BUSINESS',
        method: 'sendMessageWithTyping',
        channel: first,
        args: ['5511', { text: 'hello' }, undefined, true],
      },
    ]);
    expect(log.lines).toEqual([]);
  });

  it('a channel class with another signature is left alone, and the operator is told', async () => {
    class Changed {
      sendMessageWithTyping(_all: object) {
        return Promise.resolve('stock');
      }
    }
    const controller = { init: (_data: unknown, _parts: unknown) => new Changed() };
    const log = join(controller, () => Promise.resolve('handled'));
    await expect(controller.init({ integration: 'EVOLUTION' }, {}).sendMessageWithTyping({})).resolves.toBe('stock');
    expect(log.lines).toMatchObject([{ level: 'error', fields: { expected: 4, found: 1 } }]);
  });

  it('edits and deletions of the Baileys channel pass the handler as well', async () => {
    class Baileys {
      messageHandle = {};
      updateMessage(data: object) {
        return Promise.resolve({ updated: data });
      }
      deleteMessage(data: object) {
        return Promise.resolve({ deleted: data });
      }
      protected sendMessageWithTyping(_number: string, _message: unknown, _options?: unknown, _isIntegration = false) {
        return Promise.resolve();
      }
      protected sendMessage(..._all: unknown[]) {
        return Promise.resolve();
      }
    }
    const controller = { init: (_data: unknown, _parts: unknown) => new Baileys() };
    const calls: unknown[] = [];
    const log = join(controller, ({ method, args }, stock) => (calls.push([method, ...args]), stock()));
    const channel = controller.init({ integration: 'WHATSAPP-BAILEYS' }, {});
    await expect(channel.updateMessage({ text: 'better' })).resolves.toEqual({ updated: { text: 'better' } });
    await expect(channel.deleteMessage({ id: 'W1' })).resolves.toEqual({ deleted: { id: 'W1' } });
    expect(calls).toEqual([
      ['updateMessage', { text: 'better' }],
      ['deleteMessage', { id: 'W1' }],
    ]);
    // Its sendMessage is not the one that is known: ids cannot be reserved.
    expect(log.lines).toMatchObject([{ level: 'error', fields: { found: 0 } }]);
  });

  it('what the factory does not make is given back as it is', () => {
    const controller = { init: (_data: unknown, _parts: unknown): unknown => null };
    const log = join(controller, (_call, stock) => stock());
    expect(controller.init({ integration: 'UNKNOWN' }, {})).toBeNull();
    expect(log.lines).toEqual([]);
  });
});
