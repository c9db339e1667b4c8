import { describe, expect, it } from '@jest/globals';
import type { SendCall } from '../../src/host/send-call';
import { readBody, readSend } from '../../src/host/send-reading';

const NUMBER = '5511988887777';
const ROOMY = 1_000_000;

const call = (args: unknown[], fields: Partial<SendCall> = {}): SendCall => ({
  integration: 'WHATSAPP-BAILEYS',
  method: 'sendMessageWithTyping',
  channel: {},
  args,
  ...fields,
});

describe('a call of the host’s send', () => {
  it.each<[string, object]>([
    ['text', { conversation: 'hello' }],
    ['reaction', { reactionMessage: { key: { id: 'W1' }, text: '👍' } }],
    ['template', { template: { name: 'welcome' } }],
    ['status', { status: { content: { text: 'hello' }, option: { allContacts: true } } }],
    ['poll', { poll: { name: 'Which?', values: ['a', 'b'] } }],
    ['sticker', { sticker: { url: 'https://example.org/a.webp' } }],
    ['audio', { audio: Buffer.from('ogg'), ptt: true }],
    ['location', { locationMessage: { degreesLatitude: 1 } }],
    ['contact', { contacts: [{ name: 'Ana' }], message: {} }],
    ['list', { listMessage: { title: 'menu' } }],
    ['buttons', { text: 'Select', buttons: [{}] }],
    ['media', { mediaType: 'image', media: 'https://example.org/a.png', fileName: 'a.png' }],
    ['media', { imageMessage: { url: 'https://example.org' } }],
  ])('is read as %s', (kind, message) => {
    expect(readSend(call([NUMBER, message]), ROOMY, true)).toMatchObject({ number: NUMBER, kind });
  });

  it('tells the length of its text in characters', () => {
    expect(readSend(call([NUMBER, { conversation: 'olá 👍' }]), ROOMY, true).textLength).toBe('olá 👍'.length);
    expect(readSend(call([NUMBER, { media: 'x'.repeat(100) }]), ROOMY, true).textLength).toBe(0);
  });

  it('has an id reserved where the channel takes one, another one for each send', () => {
    const ids = [1, 2, 3].map(() => readSend(call([NUMBER, { conversation: 'hello' }]), ROOMY, true).messageId);
    expect(new Set(ids).size).toBe(3);
    for (const id of ids) expect(id).toMatch(/^3EB0[0-9A-F]{18}$/);
    expect(readSend(call([NUMBER, { conversation: 'hello' }]), ROOMY, false).messageId).toBeUndefined();
    expect(readSend(call(['status@broadcast', { status: {} }]), ROOMY, true).messageId).toBeUndefined();
  });

  it('is an edit or a deletion by its method', () => {
    const edit = call([{ number: NUMBER, key: { id: 'W1' }, text: 'better' }], { method: 'updateMessage' });
    const expected = { number: NUMBER, kind: 'edit', textLength: 6, messageId: undefined };
    expect(readSend(edit, ROOMY, true)).toMatchObject(expected);
    const deletion = call([{ id: 'W1', remoteJid: `${NUMBER}@s.whatsapp.net`, fromMe: true }], {
      method: 'deleteMessage',
    });
    expect(readSend(deletion, ROOMY, true)).toMatchObject({
      number: `${NUMBER}@s.whatsapp.net`,
      kind: 'delete',
      textLength: 0,
    });
  });

  it.each([[[]], [[undefined, null]], [[null]], [[7, 'text']]])('is read also where it makes no sense: %j', (args) => {
    for (const method of ['sendMessageWithTyping', 'updateMessage', 'deleteMessage'] as const) {
      expect(readSend(call(args, { method }), ROOMY, true)).toMatchObject({ textLength: 0 });
    }
  });

  it('is kept with everything that is needed to make it again', () => {
    const args = [
      NUMBER,
      { audio: Buffer.from([0, 255, 1]), nested: { list: [1, undefined, null, 'é'], at: new Date(0), big: 10n } },
      { delay: 1_200, quoted: { key: { id: 'W1' }, bytes: new Uint8Array([1, 2]) } },
      undefined,
      true,
    ];
    const { body } = readSend(call(args), ROOMY, true);
    const kept = readBody(body as Buffer);
    expect(kept.method).toBe('sendMessageWithTyping');
    expect(kept.args).toHaveLength(5);
    const [number, message, options, file, isIntegration] = kept.args as [
      string,
      { audio: Buffer },
      object,
      unknown,
      boolean,
    ];
    expect([number, options, file, isIntegration]).toEqual([NUMBER, args[2], undefined, true]);
    expect(Buffer.isBuffer(message.audio)).toBe(true);
    expect(message).toEqual(args[1]);
  });

  it('is not kept where it is too large, or holds what cannot outlive the process', () => {
    expect(readSend(call([NUMBER, { conversation: 'x'.repeat(2_000) }]), 1_024, true).body).toBeUndefined();
    expect(readSend(call([NUMBER, { conversation: 'x'.repeat(2_000) }]), 4_096, true).body).toBeDefined();
    expect(readSend(call([NUMBER, { conversation: 'hello', done: () => undefined }]), ROOMY, true)).toMatchObject({
      kind: 'text',
      body: undefined,
    });
  });

  it('is not made again from a body that holds no call', () => {
    expect(() => readBody(Buffer.alloc(0))).toThrow();
    expect(() =>
      readBody(readSend(call([], { method: 'logout' as 'updateMessage' }), ROOMY, true).body as Buffer),
    ).toThrow();
  });
});
