import { InboundWork } from '../../src/cache/inbound-work';
import { seenCache } from '../../src/cache/seen-cache';
import { joinInbound } from '../../src/host/inbound-join';
import { inboundChannelClass, type InboundChannel, type Version } from './inbound-channel';
import { MemoryCache } from './memory-cache';
import { recordingLog } from './recording-log';

/** A process of the host, of one version, with the cache that outlives it. */
export function inboundRig(version: Version, cache = new MemoryCache()) {
  const log = recordingLog();
  const work = new InboundWork(log);
  const seen = seenCache(cache);
  const Baileys = inboundChannelClass(version);
  const controller = { init: (_instanceData: unknown, _parts: unknown): unknown => new Baileys(seen) };
  joinInbound(controller, work, log);
  const channel = (name: string): InboundChannel => {
    const made = controller.init({ integration: 'WHATSAPP-BAILEYS' }, {}) as InboundChannel;
    made.instance = { name, id: `${name}-id` };
    return made;
  };
  return { cache, seen, log, channel, shop: channel('shop') };
}

/** A promise, and what ends it. */
export function gate() {
  let open: () => void = () => undefined;
  let fail: (error: Error) => void = () => undefined;
  const passed = new Promise<void>((resolve, reject) => ([open, fail] = [resolve, reject]));
  return { passed, open, fail };
}
