import type { HostCache } from './host-cache';

/** A cache that is bypassed: keeps nothing, so that the host asks whoever knows each time. */
export class NoCache implements HostCache {
  get = () => Promise.resolve(null);
  hGet = () => Promise.resolve(null);
  set = () => Promise.resolve();
  hSet = () => Promise.resolve();
  has = () => Promise.resolve(false);
  keys = () => Promise.resolve([]);
  delete = () => Promise.resolve(0);
  hDelete = () => Promise.resolve(0);
  deleteAll = () => Promise.resolve(0);
}
