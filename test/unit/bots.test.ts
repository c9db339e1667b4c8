import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { hearServerAcks } from '../../src/host/baileys-socket';
import { joinBots } from '../../src/host/bots-join';
import { recordingLog } from '../helpers/recording-log';
import { A, B, SendBench, settled } from '../helpers/send-bench';
import type { TestProcess } from '../helpers/send-rig';

function signal() {
  let give: () => void = () => undefined;
  const given = new Promise<void>((resolve) => (give = resolve));
  return { give, given };
}

describe('what a bot answers to one message', () => {
  let bench: SendBench;
  let here: TestProcess;

  beforeEach(async () => {
    bench = new SendBench();
    here = await bench.start();
  });

  afterEach(() => bench.stop());

  it('stays together, from its first message to its last', async () => {
    const [begun, goOn] = [signal(), signal()];
    const answer = here.sends.runBot('shop', A, async () => {
      await here.send(A, 'bot 1');
      begun.give();
      await goOn.given;
      await here.send(A, 'bot 2');
    });
    await begun.given;
    const stranger = here.send(A, 'stranger');
    goOn.give();
    await Promise.all([answer, stranger]);
    expect(bench.channel.textsOf(A)).toEqual(['bot 1', 'bot 2', 'stranger']);
  });

  it('lets others send while the bot thinks', async () => {
    const thought = signal();
    const answer = here.sends.runBot('shop', A, async () => {
      await thought.given;
      await here.send(A, 'bot');
    });
    await here.send(A, 'meanwhile');
    thought.give();
    await answer;
    expect(bench.channel.textsOf(A)).toEqual(['meanwhile', 'bot']);
  });

  it('gives the chat back also where the bot fails', async () => {
    const failed = here.sends.runBot('shop', A, async () => {
      await here.send(A, 'bot');
      throw new Error('no flow');
    });
    await expect(failed).rejects.toThrow('no flow');
    await here.send(A, 'next');
    expect(bench.channel.textsOf(A)).toEqual(['bot', 'next']);
  });

  it('does not hold other chats up', async () => {
    await here.sends.runBot('shop', A, async () => {
      await here.send(A, 'bot');
      await here.send(B, 'to an agent');
    });
    expect(bench.channel.textsOf(B)).toEqual(['to an agent']);
  });
});

describe('the bots of a host', () => {
  class Controller {
    readonly calls: unknown[][] = [];
    processBot(...args: unknown[]) {
      this.calls.push(args);
      return Promise.resolve('done');
    }
  }

  it('are met with instance and chat, and still do what they do', async () => {
    const typebotController = new Controller();
    const met: unknown[] = [];
    joinBots(
      { typebotController },
      (instance, number, stock) => (met.push([instance, number]), stock()),
      recordingLog(),
    );
    const channel = { instance: { name: 'shop' } };
    expect(await typebotController.processBot(channel, A, { id: 'bot' })).toBe('done');
    expect(met).toEqual([['shop', A]]);
    expect(typebotController.calls).toEqual([[channel, A, { id: 'bot' }]]);
  });

  it('are met once where two share a class', async () => {
    const [typebotController, n8nController] = [new Controller(), new Controller()];
    let met = 0;
    joinBots(
      { typebotController, n8nController },
      (_instance, _number, stock) => ((met += 1), stock()),
      recordingLog(),
    );
    await n8nController.processBot({ instance: { name: 'shop' } }, A);
    expect(met).toBe(1);
  });
});

describe('acknowledgements of the server', () => {
  const make = () => {
    const listeners: ((node: unknown) => void)[] = [];
    const ws = {
      on: (event: string, listener: (node: unknown) => void) => (
        expect(event).toBe('CB:ack,class:message'),
        listeners.push(listener)
      ),
    };
    const channel = { instance: { name: 'shop' }, client: { ws } };
    const heard: object[] = [];
    const hear = () => hearServerAcks(channel, (all) => heard.push(...all));
    return { listeners, heard, hear, channel };
  };

  it('are heard once for each socket', () => {
    const { listeners, hear, channel } = make();
    hear();
    hear();
    expect(listeners).toHaveLength(1);
    channel.client = { ...channel.client };
    hear();
    expect(listeners).toHaveLength(2);
  });

  it('tell of messages that were taken and of refused ones', async () => {
    const { listeners, heard, hear } = make();
    hear();
    const [listener] = listeners;
    listener?.({ attrs: { id: 'M1', class: 'message' } });
    listener?.({ attrs: { id: 'M2', class: 'message', error: '463' } });
    listener?.({ attrs: {} });
    await settled();
    expect(heard).toEqual([
      { instance: 'shop', messageId: 'M1', at: expect.any(Number), state: 'server_ack' },
      {
        instance: 'shop',
        messageId: 'M2',
        at: expect.any(Number),
        state: 'failed',
        error: 'refused by WhatsApp with 463',
      },
    ]);
  });
});
