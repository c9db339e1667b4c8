import { z } from 'zod';

/** What a channel heard from WhatsApp about a message of ours. */
export interface HeardAcknowledgement {
  instance: string;
  messageId: string;
  /** Our own id, where the channel carried it out and back. */
  sendId?: string;
  state: 'server_ack' | 'delivered' | 'read' | 'failed';
  error?: string;
  /** Milliseconds since 1970. */
  at: number;
}

export type Acknowledge = (heard: readonly HeardAcknowledgement[]) => void;

/** Name of the instance that a channel is. */
export function instanceOf(channel: object): string {
  const { instance } = channel as { instance?: { name?: unknown } };
  return typeof instance?.name === 'string' ? instance.name : '';
}

/** Baileys' WAMessageStatus (WAProto); PENDING tells nothing, PLAYED is a voice message that was read. */
const BAILEYS_STATES = { 0: 'failed', 2: 'server_ack', 3: 'delivered', 4: 'read', 5: 'read' } as const;

const baileysUpdates = z.array(
  z.object({
    key: z.object({ id: z.string().min(1), fromMe: z.boolean().nullish() }),
    update: z.object({
      status: z.union([z.literal(0), z.literal(2), z.literal(3), z.literal(4), z.literal(5)]),
      messageStubParameters: z.array(z.unknown()).nullish(),
    }),
  }),
);

/** @param given what Baileys emits as `messages.update`; entries that are no acknowledgements are left out. */
export function readBaileysUpdates(instance: string, given: unknown, now: number): HeardAcknowledgement[] {
  const all = (Array.isArray(given) ? given : []).flatMap((each) => baileysUpdates.safeParse([each]).data ?? []);
  return all
    .filter(({ key }) => key.fromMe !== false)
    .map(({ key, update }) => {
      const state = BAILEYS_STATES[update.status];
      const heard = { instance, messageId: key.id, state, at: now };
      if (state !== 'failed') return heard;
      const codes = (update.messageStubParameters ?? []).filter((each) => typeof each === 'string');
      return { ...heard, error: `refused by WhatsApp${codes.length > 0 ? ` with ${codes.join(', ')}` : ''}` };
    });
}

/** Meta's words for them (Cloud API, webhook `statuses`). */
const BUSINESS_STATES = { sent: 'server_ack', delivered: 'delivered', read: 'read', failed: 'failed' } as const;

const businessStatus = z.object({
  id: z.string().min(1),
  status: z.enum(['sent', 'delivered', 'read', 'failed']),
  /** Seconds since 1970, as text. */
  timestamp: z.coerce.number().optional(),
  biz_opaque_callback_data: z.string().optional(),
  errors: z.array(z.object({ code: z.number(), title: z.string().optional() })).optional(),
});

/** @param value of a change in Meta's webhook. */
export function readBusinessStatuses(instance: string, value: unknown, now: number): HeardAcknowledgement[] {
  const { statuses } = (value ?? {}) as { statuses?: unknown };
  if (!Array.isArray(statuses)) return [];
  return statuses.flatMap((each) => {
    const { data } = businessStatus.safeParse(each);
    if (!data) return [];
    const { id: messageId, status, timestamp, biz_opaque_callback_data: ours, errors } = data;
    const heard: HeardAcknowledgement = {
      instance,
      messageId,
      state: BUSINESS_STATES[status],
      at: timestamp !== undefined && Number.isFinite(timestamp) ? timestamp * 1000 : now,
    };
    const sendId = z.uuid().safeParse(ours).data;
    if (sendId !== undefined) heard.sendId = sendId;
    if (status === 'failed') {
      const words = (errors ?? []).map(({ code, title }) => ` with ${code}${title === undefined ? '' : ` ${title}`}`);
      heard.error = `refused by WhatsApp${words.join(',')}`;
    }
    return [heard];
  });
}
