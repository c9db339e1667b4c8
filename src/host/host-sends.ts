import { z } from 'zod';
import { canonicalChat } from '../sends/canonical-chat';
import { SEND_ROUTES, type SendMessageController, type SendRoute } from './shapes';

/** A message, as the body of one of the host's routes under /message has it. */
export interface HostSend {
  route: string;
  body: Readonly<Record<string, unknown>>;
}

/** The chat that a message goes to. */
export interface Recipient {
  /** As the host is told. */
  number: string;
  /** Its canonical name. */
  chat: string;
}

const STATUS_CHAT = 'status@broadcast';

const text = z.string('must be text').min(1, 'must not be empty');
const number = z.number('must be a number');
const list = z.array(z.unknown(), 'must be a list').min(1, 'must not be empty');
const key = z.looseObject({ id: text, fromMe: z.boolean('must be true or false') }, 'must be an object');

/**
 * What each route cannot do without, as src/validate/message.schema.ts of the host has it (and its controller, for media):
 * the host looks at bodies in its router, which sequences do not pass through.
 */
const ROUTES = {
  sendTemplate: { name: text, language: text },
  sendText: { text },
  sendMedia: { mediatype: z.enum(['image', 'document', 'video', 'audio']), media: text },
  sendPtv: { video: text },
  sendWhatsAppAudio: { audio: text },
  sendStatus: { type: z.enum(['text', 'image', 'audio', 'video']), content: text },
  sendSticker: { sticker: text },
  sendLocation: { latitude: number, longitude: number, name: text, address: text },
  sendContact: { contact: list },
  sendReaction: { key, reaction: z.string('must be text') },
  sendPoll: { name: text, selectableCount: z.int('must be a whole number').min(0).max(10), values: list },
  sendList: { title: text, footerText: z.string('must be text'), buttonText: text, sections: list },
  sendButtons: { title: text, buttons: list },
} as const satisfies Record<SendRoute, z.ZodRawShape>;

/** @returns what is wrong with a message, as the host would say before it sends it. */
export function sendMistakes({ route, body }: HostSend, to: Recipient): string[] {
  if (!isRoute(route)) return [`route: must be one of ${SEND_ROUTES.join(', ')}`];
  const { error } = z.looseObject(ROUTES[route]).safeParse(body);
  const mistakes = (error?.issues ?? []).map(({ path, message }) => `body.${path.join('.')}: ${message}`);
  return [...mistakes, ...recipientMistakes(route, body, to)];
}

/** Calls what the host's own routes call. */
export async function sendByRoute(
  controller: SendMessageController,
  instanceName: string,
  to: string,
  { route, body }: HostSend,
): Promise<unknown> {
  if (!isRoute(route)) throw new Error(`there is no route ${route}`);
  return controller[route]({ instanceName }, addressed(route, body, to));
}

const isRoute = (route: string): route is SendRoute => Object.hasOwn(ROUTES, route);

/** Reactions name their chat in the key of the message, statuses name none. */
function addressed(route: SendRoute, body: Readonly<Record<string, unknown>>, to: string): Record<string, unknown> {
  if (route === 'sendStatus') return { ...body };
  if (route !== 'sendReaction') return { ...body, number: to };
  return { ...body, key: { remoteJid: to, ...(body['key'] as object) } };
}

/** A chat is named once, for all steps: one that says something else may have been meant for somebody else. */
function recipientMistakes(route: SendRoute, body: Readonly<Record<string, unknown>>, to: Recipient): string[] {
  const given = body['number'];
  const mistakes = given === undefined || isSame(given, to) ? [] : ['body.number: must be left out, or be the chat'];
  if (route === 'sendStatus' && to.chat !== STATUS_CHAT) {
    mistakes.push(`route: a status goes to the chat ${STATUS_CHAT} only`);
  }
  const remoteJid = (body['key'] as { remoteJid?: unknown } | null | undefined)?.remoteJid;
  if (route === 'sendReaction' && !(remoteJid === undefined ? to.number.includes('@') : isSame(remoteJid, to))) {
    mistakes.push('body.key.remoteJid: must be the JID of the chat; it may be left out where chat is given as a JID');
  }
  return mistakes;
}

function isSame(given: unknown, to: Recipient): boolean {
  const chat = canonicalChat(given);
  return chat !== undefined && (chat === to.chat || chat === canonicalChat(to.number));
}
