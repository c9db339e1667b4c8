import type { Settings } from '../core/settings';
import type { Finding } from './doctor-checks';

/** What an operator would rather know before a logout than after it. */
export function checkInstances({ enabled, instancesEnabled, archiveKey }: Settings): Finding[] {
  if (!enabled || !instancesEnabled || archiveKey) return [];
  const text =
    'Credentials that are set aside are not encrypted: set GUARD_ARCHIVE_KEY (openssl rand -base64 32), and keep it apart.';
  return [{ level: 'warning', about: 'instances', text }];
}
