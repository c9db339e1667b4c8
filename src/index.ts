/** What the host's patched lines import. */
export { attach } from './attach';
export { cacheEngine } from './host/cache-seam';
export type { HostParts } from './host/shapes';
