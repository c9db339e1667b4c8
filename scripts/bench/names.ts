/** In the order in which they run. */
export const CONTENDERS = ['guard', 'bare', 'stock', 'pgBoss', 'graphileWorker'] as const;
export type ContenderName = (typeof CONTENDERS)[number];
