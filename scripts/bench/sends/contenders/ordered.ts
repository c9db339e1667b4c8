import type { Channel, Sender } from '../sender';

/** A chain of promises for each chat: all that order costs in one process. Nothing survives it, and no other knows of it. */
export function startOrdered(channel: Channel): Sender {
  const tails = new Map<string, Promise<void>>();
  return {
    async send(message) {
      const { chat } = message;
      const sent = (tails.get(chat) ?? Promise.resolve()).then(() => channel(message));
      tails.set(chat, sent);
      await sent;
      if (tails.get(chat) === sent) tails.delete(chat);
    },
    stop: () => Promise.resolve(),
  };
}

/** As the host does without the plugin: every caller goes straight to the channel. */
export const startStraight = (channel: Channel): Sender => ({ send: channel, stop: () => Promise.resolve() });
