import { randomUUID } from 'node:crypto';
import { Adoption, type Adopt } from '../../src/sends/adoption';
import type { AdoptedSend, Beginning, NewSend, SendStore } from '../../src/stores/send-store';

export function newSend(fields: Partial<NewSend> = {}): NewSend {
  const asked = { integration: 'WHATSAPP-BAILEYS', kind: 'text', caller: 'http' };
  return { sendId: randomUUID(), instance: 'shop', chat: 'a@g.us', ...asked, acceptedAt: 1_000, ...fields };
}

/** Of a send that was accepted before. */
export const beginning = ({ sendId, instance, chat }: NewSend, place: Beginning['place'] = 'next'): Beginning => {
  return { sendId, instance, chat, place };
};

/** Of one that was not. */
export const freshly = (send: NewSend, place: Beginning['place'] = 'next'): Beginning => ({
  ...beginning(send, place),
  fresh: send,
});

/** Takes over what processes that are gone have left. */
export const takeOver = (sends: SendStore, ...given: Parameters<Adopt>): Promise<AdoptedSend[]> =>
  new Adoption(sends).adopt(...given);

/** Writes sends and has them all sent, each by a process that then ends. */
export async function sendAll(sends: SendStore, all: readonly NewSend[]): Promise<void> {
  for (const send of all) {
    const owner = randomUUID();
    await sends.begin(owner, [freshly(send)]);
    await sends.finish(owner, [{ sendId: send.sendId, state: 'sent' }]);
  }
}
