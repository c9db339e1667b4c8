import { systemClock } from './core/clock';
import type { HostParts } from './host/shapes';
import { loadSettings } from './register';
import { stopStart } from './core/stop-start';

/**
 * Joins the plugin to the host. Called by the patched main.ts when the host's objects exist and before its router is
 * mounted, its events are started and its instances are loaded. Changes nothing while GUARD_ENABLED is not true.
 */
export async function attach(parts: HostParts): Promise<void> {
  const settings = loadSettings();
  if (!settings?.enabled) return;
  const startedAt = systemClock.monotonic();
  try {
    // Loaded only now: a host that is not guarded pays nothing for drivers that it does not use.
    const { compose } = await import('./compose.js');
    await compose(parts, settings, startedAt);
  } catch (error) {
    stopStart(error);
  }
}
