import { AsyncLocalStorage } from 'node:async_hooks';

type Count = (this: object, chat: unknown) => Promise<unknown>;

interface Batch {
  channel: object;
  chats: Set<unknown>;
  isOver: boolean;
}

/** Private in Baileys' channel. Counts in the host's table of messages, without an index. */
const METHOD = 'updateChatUnreadMessages';
const batches = new AsyncLocalStorage<Batch>();

/** Lets counts of a chat's unread messages be put off. Nobody looks at what they return. */
export function joinUnreadCounts(prototype: Record<string, unknown>): void {
  const stock = prototype[METHOD] as Count | undefined;
  if (typeof stock !== 'function') return;
  prototype[METHOD] = function (this: object, chat: unknown) {
    const batch = batches.getStore();
    if (batch?.channel !== this || batch.isOver) return stock.call(this, chat);
    batch.chats.add(chat);
    return Promise.resolve();
  };
}

/** Counts each chat once, after the work: the host does so for a batch of updates, whose updates are handled singly here. */
export async function countOnce(channel: object, work: () => Promise<void>): Promise<void> {
  const batch: Batch = { channel, chats: new Set(), isOver: false };
  try {
    await batches.run(batch, work);
  } finally {
    batch.isOver = true;
    const counting = channel as Record<typeof METHOD, Count>;
    await Promise.all([...batch.chats].map((chat) => counting[METHOD](chat)));
  }
}
