import { describe, expect, it } from '@jest/globals';
import { readSettings } from '../../src/core/settings';
import { shakeHands } from '../../src/host/handshake';
import { sendByRoute, sendMistakes } from '../../src/host/host-sends';
import { SEND_ROUTES, type SendMessageController } from '../../src/host/shapes';

const to = { number: '+55 11 98888-7777', chat: '551188887777@s.whatsapp.net' };
const key = { id: 'A', fromMe: true };

/** One message for each route of the host. */
const MESSAGES: Record<(typeof SEND_ROUTES)[number], Record<string, unknown>> = {
  sendTemplate: { name: 'welcome', language: 'en' },
  sendText: { text: 'hi', delay: 100 },
  sendMedia: { mediatype: 'image', media: 'https://cdn.example/a.png' },
  sendPtv: { video: 'https://cdn.example/a.mp4' },
  sendWhatsAppAudio: { audio: 'https://cdn.example/a.ogg' },
  sendStatus: { type: 'text', content: 'hi', statusJidList: ['5511900000000'] },
  sendSticker: { sticker: 'https://cdn.example/a.webp' },
  sendLocation: { latitude: 1, longitude: 2, name: 'here', address: 'street' },
  sendContact: { contact: [{ fullName: 'A', phoneNumber: '5511900000000' }] },
  sendReaction: { key: { ...key, remoteJid: '5511988887777@s.whatsapp.net' }, reaction: '' },
  sendPoll: { name: 'lunch?', selectableCount: 1, values: ['yes', 'no'] },
  sendList: { title: 'a', footerText: '', buttonText: 'b', sections: [{ title: 'c', rows: [] }] },
  sendButtons: { title: 'a', buttons: [{ type: 'reply' }] },
};

describe('sends by the routes of the host', () => {
  it.each(SEND_ROUTES)('%s reaches its method of the controller, with the instance and the number', async (route) => {
    const calls: unknown[] = [];
    const method = (...given: unknown[]) => Promise.resolve(calls.push(given));
    const controller = { [route]: method } as unknown as SendMessageController;
    const chat = route === 'sendStatus' ? { number: 'status@broadcast', chat: 'status@broadcast' } : to;
    const body = MESSAGES[route];
    expect(sendMistakes({ route, body }, chat)).toEqual([]);
    await sendByRoute(controller, 'shop', chat.number, { route, body });
    const isNumbered = route !== 'sendStatus' && route !== 'sendReaction';
    expect(calls).toEqual([[{ instanceName: 'shop' }, isNumbered ? { ...body, number: to.number } : body]]);
  });

  it('a reaction gets the chat into its key, where that is a JID', async () => {
    const jid = { number: '5511988887777@s.whatsapp.net', chat: to.chat };
    const send = { route: 'sendReaction', body: { key, reaction: '👍' } };
    expect(sendMistakes(send, jid)).toEqual([]);
    let told: unknown;
    const controller = { sendReaction: (_: unknown, data: unknown) => Promise.resolve((told = data)) };
    await sendByRoute(controller as unknown as SendMessageController, 'shop', jid.number, send);
    expect(told).toEqual({ key: { ...key, remoteJid: jid.number }, reaction: '👍' });
    expect(sendMistakes(send, to)).toEqual([
      expect.stringContaining('body.key.remoteJid: must be the JID of the chat'),
    ]);
  });

  it('are there where the host exports a controller with all of the methods, and else the host starts without', () => {
    const settings = readSettings({ GUARD_ENABLED: 'true', GUARD_EVENTS: 'false', GUARD_CACHE: 'false' });
    const server = { URL: 'https://wa.example.com', PORT: 8080, TYPE: 'http' };
    const shake = (sendMessageController: unknown) => {
      const channelController = { init: (_data: unknown, _parts: unknown) => null };
      const configService = { get: (key: string) => (key === 'SERVER' ? server : undefined) };
      const host = { channelController, waMonitor: { waInstances: {} }, sendMessageController };
      return shakeHands({ app: () => undefined, configService, host }, settings).sequences;
    };
    const whole = Object.fromEntries(SEND_ROUTES.map((route) => [route, () => undefined]));
    expect(shake(whole)).toEqual({ controller: whole, lacks: [], server: { URL: server.URL, PORT: 8080 } });
    expect(shake({ ...whole, sendPoll: undefined })).toMatchObject({ lacks: ['sendMessageController.sendPoll'] });
    expect(shake(undefined)).toMatchObject({ controller: undefined, lacks: { length: SEND_ROUTES.length } });
  });

  it('another chat than that of the sequence is refused, the same one in another spelling is not', () => {
    const text = (number: unknown) => sendMistakes({ route: 'sendText', body: { text: 'hi', number } }, to);
    expect(text('5511988887777')).toEqual([]);
    for (const number of ['5511900000000', 7, null, '']) {
      expect(text(number)).toEqual(['body.number: must be left out, or be the chat']);
    }
    const elsewhere = { route: 'sendReaction', body: { key: { ...key, remoteJid: '1@g.us' }, reaction: '' } };
    expect(sendMistakes(elsewhere, to)).toHaveLength(1);
    expect(sendMistakes({ route: 'sendStatus', body: MESSAGES.sendStatus }, to)).toEqual([
      'route: a status goes to the chat status@broadcast only',
    ]);
  });

  it('what the host would refuse is refused before it begins', () => {
    expect(sendMistakes({ route: 'sendText', body: {} }, to)).toEqual(['body.text: must be text']);
    expect(sendMistakes({ route: 'sendPoll', body: { name: 'a', selectableCount: 11, values: [] } }, to)).toHaveLength(
      2,
    );
    expect(sendMistakes({ route: 'constructor', body: {} }, to)).toEqual([
      `route: must be one of ${SEND_ROUTES.join(', ')}`,
    ]);
  });
});
