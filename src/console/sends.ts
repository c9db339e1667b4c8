import { z } from 'zod';
import { whole } from '../core/setting-types';
import type { SendStore } from '../stores/send-store';
import type { Handler } from './handler';
import { parse, Problem } from './problem';
import { lifeAnswer, pageAnswer, queueAnswer } from './send-answers';
import { asSendFilter, instanceName, sendFields, sendOrMessageId } from './send-query';

/** What the handlers of sends need; compose.ts hands it in. */
export interface SendTools {
  store: Pick<SendStore, 'find' | 'list' | 'depths' | 'summary'>;
  /** Of this process, in the journal. */
  owner: string;
  /** Sends in the memory of this process, those that are being made included; absent where it guards none. */
  inMemory?: (() => Promise<number>) | undefined;
  now: () => number;
}

const limit = whole(1, 500).default(50);
const listQuery = z.strictObject({
  ...sendFields,
  before: whole(1, Number.MAX_SAFE_INTEGER).default(Number.MAX_SAFE_INTEGER),
  limit,
});

/** `GET /guard/sends`: a page, the newest first; `next` is the `before` of the following page, or null. */
export function listSends({ store }: SendTools): Handler {
  return async (request, response) => {
    const { before, limit, ...asked } = parse(listQuery, request.query);
    response.json(pageAnswer(await store.list(asSendFilter(asked), before, limit), limit));
  };
}

/** `GET /guard/sends/:id`: all that has happened to a send. Several where WhatsApp's id is that of several. */
export function showSend({ store, now }: SendTools): Handler {
  return async (request, response) => {
    const id = parse(sendOrMessageId, request.params.id);
    const sends = await store.find(id);
    if (sends.length === 0) throw new Problem(404, [`no send ${id} in the journal`]);
    response.json({ sends: sends.map((send) => lifeAnswer(send, now())) });
  };
}

const queuesQuery = z.strictObject({ instance: instanceName.optional(), limit });

/** `GET /guard/queues`: chats in which something waits or is being sent, those that wait longest first. */
export function listQueues({ store, owner, inMemory, now }: SendTools): Handler {
  return async (request, response) => {
    const { instance, limit } = parse(queuesQuery, request.query);
    const [totals, depths] = await Promise.all([
      store.summary(),
      store.depths(instance === undefined ? {} : { instance }, limit),
    ]);
    const thisProcess = inMemory ? { owner, inMemory: await inMemory() } : null;
    response.json({ ...totals, thisProcess, chats: depths.map((depth) => queueAnswer(depth, now())) });
  };
}
