import type { Delivery, FetchRequest, PendingRow } from '../../src/stores/outbox-store';

/** An outbox in memory: rows that are visible and neither delivered nor parked are given out by seq. */
export function memoryOutbox() {
  const visible = new Map<number, PendingRow>();
  const parked: [number, string][] = [];
  return {
    visible,
    parked,
    looks: 0,
    async fetch({ exceptSeqs, exceptChatKeys, exceptReceivers, rows }: FetchRequest) {
      this.looks += 1;
      const snapshot = [...visible.values()].sort((a, b) => a.seq - b.seq);
      await new Promise(setImmediate); // the answer is older than what happened meanwhile
      return snapshot
        .filter(({ seq, chatKey }) => !exceptSeqs.includes(seq) && !exceptChatKeys.includes(chatKey))
        .filter(({ receiverKey }) => !exceptReceivers.includes(receiverKey))
        .slice(0, rows);
    },
    async markDelivered(_owner: string, deliveries: readonly Delivery[]) {
      await new Promise(setImmediate);
      for (const { seq } of deliveries) visible.delete(seq);
    },
    countAttempt(seq: number) {
      const counted = visible.get(seq);
      if (counted) counted.attempts += 1;
      return Promise.resolve();
    },
    park(seq: number, reason: string) {
      visible.delete(seq);
      parked.push([seq, reason]);
      return Promise.resolve();
    },
  };
}
