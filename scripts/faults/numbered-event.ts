/** What the consumer finds in an event: which stream it belongs to, and its place there. */
export interface Numbered {
  /** Events of one stream are emitted by one process at a time, in the order of their numbers. */
  stream: string;
  /** From 0, never given twice. */
  number: number;
  /** When it was emitted, milliseconds since 1970. */
  at: number;
}

const EVENT = 'send.message';
/** As the host's settings name it. */
export const WANTED = ['SEND_MESSAGE'];
/** What the host makes of the instance and the event: see rabbitmq.controller.ts there. */
export const queueOf = (instance: string) => `${instance}.${EVENT}`;

const TEXT = 'x'.repeat(200);

/** As the host's channels emit it; about 500 bytes of JSON. Events of a stream go round its chats, which no other has. */
export function numberedEvent(numbered: Numbered, instance: string, chats: number): object {
  const { stream, number } = numbered;
  const key = { id: `${stream}-${number}`, remoteJid: `${stream}-${number % chats}@g.us`, fromMe: true };
  return {
    instanceName: instance,
    origin: 'ChannelStartupService',
    event: EVENT,
    data: { key, ...numbered, message: { conversation: TEXT } },
    serverUrl: 'http://localhost:8080',
    dateTime: '2026-01-01T00:00:00.000Z',
    sender: '5511900000000@s.whatsapp.net',
    apiKey: 'token',
    local: true,
  };
}

/** @param body as RabbitMQ or a webhook brought it. */
export function readNumbered(body: string): Numbered & { chat: string } {
  const { data } = JSON.parse(body) as { data: Numbered & { key: { remoteJid: string } } };
  const { stream, number, at, key } = data;
  return { stream, number, at, chat: key.remoteJid };
}
