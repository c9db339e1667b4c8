import type { Log } from '../core/log';
import type { HostSettingsRows } from './host-settings-rows';
import { createMysqlSettingsRows } from './mysql/host-settings-rows';
import { createPostgresSettingsRows } from './postgres/host-settings-rows';

/** @param options `uri`: the host's own. Opens no connection before the first call. */
export function openHostSettingsRows(options: { uri: string; log: Log }): HostSettingsRows {
  return /^(mysql|mariadb):/.test(options.uri) ? createMysqlSettingsRows(options) : createPostgresSettingsRows(options);
}
