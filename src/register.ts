import { readSettings, type Settings } from './core/settings';
import { stopStart } from './core/stop-start';

/*
 * The host's first import behind Sentry's: mistakes in the settings stop the start before anything is opened. In a
 * bundle this module may run after others of the host (bundlers hoist what they inline), so no seam relies on it.
 */

let loaded: Settings | undefined;

/**
 * The settings of this process, read once; undefined while the plugin is off. Off means that nothing else is looked at:
 * other variables may be as wrong as they like.
 */
export function loadSettings(): Settings | undefined {
  if ((process.env.GUARD_ENABLED?.trim() || 'false') === 'false') return undefined;
  try {
    loaded ??= readSettings(process.env);
  } catch (error) {
    stopStart(error);
  }
  return loaded;
}

loadSettings();
