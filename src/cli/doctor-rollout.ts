import { ROLLOUT_FEATURES } from '../core/rollout';
import type { Settings } from '../core/settings';
import type { Finding } from './doctor-checks';

/** Nothing where no rollout is set: then every feature that is on is on for all. */
export function checkRollout({ rollout }: Settings): Finding[] {
  if (!rollout) return [];
  const about = 'rollout';
  const text = ROLLOUT_FEATURES.map((feature) => `${feature} for ${rollout.describe(feature)}`).join('; ');
  if (!rollout.isEmpty('events')) return [{ level: 'ok', about, text }];
  return [{ level: 'warning', about, text: `${text}. No event is guarded: add a rule for events, or all.` }];
}
