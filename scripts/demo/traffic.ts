import { setTimeout as sleep } from 'node:timers/promises';
import type { RunningHost } from '../host/running-host';
import type { Accepted } from './tally';

export const SENDS = 200;
const EVERY_MS = 100;
const CHATS = ['5511900000001', '5511900000002', '5511900000003', '5511900000004'];

/**
 * Sends to a few chats in turn. A chat's next send waits for the answer to the one before, as that alone says in which
 * order they were accepted.
 *
 * @param before called ahead of each send, with its number from 0.
 */
export async function sendAll(
  host: RunningHost,
  instance: string,
  before: (send: number) => void,
): Promise<Accepted[]> {
  const accepted: Accepted[] = [];
  const lastOf = new Map<string, Promise<void>>();
  const start = Date.now();
  for (let send = 0; send < SENDS; send += 1) {
    await sleep(Math.max(0, start + send * EVERY_MS - Date.now()));
    before(send);
    const chat = CHATS[send % CHATS.length] ?? '';
    const answered = async () => {
      await lastOf.get(chat);
      accepted.push({ id: await host.sendText(instance, chat, `message ${send}`), chat });
    };
    lastOf.set(chat, answered());
  }
  await Promise.all(lastOf.values());
  return accepted;
}
