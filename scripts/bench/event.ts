/** As the host's channels emit it. */
export interface BenchEvent {
  instanceName: string;
  origin: string;
  event: string;
  data: {
    key: { id: string; remoteJid: string; fromMe: boolean };
    /** When it was to be emitted, on the clock of this process. */
    at: number;
    message: { conversation: string };
  };
  serverUrl: string;
  dateTime: string;
  sender: string;
  apiKey: string;
}

export const INSTANCE = 'bench';
/** What the host makes of the instance and the event: see rabbitmq.controller.ts there. */
export const EXCHANGE = INSTANCE;
export const EVENT = 'send.message';
export const QUEUE = `${INSTANCE}.${EVENT}`;
export const CHATS = 200;
const PAYLOAD_BYTES = 512;

export function chatOf(number: number): string {
  return `55119${String(number % CHATS).padStart(8, '0')}@s.whatsapp.net`;
}

/** Event `number`, whose payload has 512 bytes. Events go round the chats. */
export function benchEvent(number: number, at = 0): BenchEvent {
  const event: BenchEvent = {
    instanceName: INSTANCE,
    origin: 'ChannelStartupService',
    event: EVENT,
    data: {
      key: { id: String(number).padStart(20, '0'), remoteJid: chatOf(number), fromMe: true },
      at,
      message: { conversation: '' },
    },
    serverUrl: 'http://localhost:8080',
    dateTime: '2026-01-01T00:00:00.000Z',
    sender: '5511900000000@s.whatsapp.net',
    apiKey: 'token',
  };
  event.data.message.conversation = 'x'.repeat(PAYLOAD_BYTES - payloadOf(event).length);
  return event;
}

/** The text that the host publishes for it. */
export function payloadOf(event: BenchEvent): string {
  const { instanceName, data, serverUrl, dateTime, sender, apiKey } = event;
  const head = { event: event.event, instance: instanceName, data };
  return JSON.stringify({ ...head, server_url: serverUrl, date_time: dateTime, sender, apikey: apiKey });
}
