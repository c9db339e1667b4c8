/** In the order in which they run. */
export const CONTENDERS = ['guard', 'bare', 'stock', 'pgBoss', 'graphileWorker'] as const;
export type ContenderName = (typeof CONTENDERS)[number];

/** Whose times at a fixed rate are taken: the guard's, and those of the least that makes an event durable before it leaves. */
export const PACED = ['guard', 'plainInsert'] as const;
export type PacedName = (typeof PACED)[number];
