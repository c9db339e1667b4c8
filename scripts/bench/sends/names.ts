/** Ways of sending that are compared. */
export const SENDERS = ['guarded', 'ordered', 'straight', 'redlock', 'chainedRedlock', 'bullmq'] as const;
export type SenderName = (typeof SENDERS)[number];
