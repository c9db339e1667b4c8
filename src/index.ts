/** What the host's patched lines import. */
export { attach } from './attach';
export { cacheEngine } from './host/cache-seam';
export type { HostParts } from './host/shapes';
/** What programs import that read the queues: docs/consumers.md. */
export { consumeEvents, type EventConsumer } from './consumer/consume-events';
export type { EventContext, EventEnvelope, EventHandler } from './consumer/event';
export type { ConsumerCounts } from './consumer/handle-event';
export type { ConsumerLog, ConsumerOptions } from './consumer/options';
export { UnprocessableEvent } from './consumer/unprocessable-event';
