import { sleep } from '../core/sleep';
import type { ChannelController } from './shapes';

type Write = (...args: unknown[]) => Promise<unknown>;

/** What the host keeps of a session (`defineAuthState`), as far as it writes. */
interface AuthState {
  saveCreds?: Write;
  state?: { keys?: { set?: Write } };
}

export interface Instance {
  authState?: AuthState | undefined;
}

/** For so long a write that was begun is waited for: the host's database may be away. */
const PATIENCE_MS = 5_000;

const writes = new WeakMap<object, Set<Promise<unknown>>>();

/**
 * Knows what the sockets of Baileys' channel are writing of their credentials: the host looks whether there is a session
 * before it makes one, so a write that was begun before credentials are removed can bring them back afterwards.
 */
export function joinCredentialWrites(channels: ChannelController): void {
  const make = channels.init.bind(channels);
  channels.init = (instanceData, parts) => {
    const channel = make(instanceData, parts) as { instance?: Instance } | undefined;
    const { integration } = (instanceData ?? {}) as { integration?: unknown };
    if (integration === 'WHATSAPP-BAILEYS' && channel?.instance) watch(channel.instance);
    return channel;
  };
}

/** Lets nothing more be written by the session that an instance has in memory. @returns when what was begun has ended. */
export async function endCredentialWrites(instance: Instance): Promise<void> {
  const { authState } = instance;
  if (!authState) return;
  // What the old socket still wants to save would be the old session in the new one's place.
  authState.saveCreds = () => Promise.resolve();
  if (authState.state?.keys) authState.state.keys.set = () => Promise.resolve();
  const over = new AbortController();
  await Promise.race([Promise.allSettled([...(writes.get(instance) ?? [])]), sleep(PATIENCE_MS, over.signal)]);
  over.abort();
}

/** Every connect gives the instance another `authState`. */
function watch(instance: Instance): void {
  let current = instance.authState;
  const under = new Set<Promise<unknown>>();
  writes.set(instance, under);
  const counted = (write: Write): Write => {
    return (...args) => {
      const written = write(...args);
      const end = () => void under.delete(written);
      under.add(written);
      written.then(end, end);
      return written;
    };
  };
  Object.defineProperty(instance, 'authState', {
    configurable: true,
    enumerable: true,
    get: () => current,
    set(next: AuthState | undefined) {
      current = next;
      const keys = next?.state?.keys;
      if (next?.saveCreds) next.saveCreds = counted(next.saveCreds.bind(next));
      if (keys?.set) keys.set = counted(keys.set.bind(keys));
    },
  });
}
