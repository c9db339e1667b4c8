import type { Log } from '../core/log';
import type { HostAuditRows } from './host-audit-rows';
import { createMysqlAuditRows } from './mysql/host-audit-rows';
import { createPostgresAuditRows } from './postgres/host-audit-rows';

/** @param options `uri`: the host's own. Opens no connection before the first call. */
export function openHostAuditRows(options: { uri: string; log: Log }): HostAuditRows {
  return /^(mysql|mariadb):/.test(options.uri) ? createMysqlAuditRows(options) : createPostgresAuditRows(options);
}
