import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../core/clock';
import { createLog } from '../core/log';
import { GuardError } from '../core/errors';
import { readSettings, type Environment, type Settings } from '../core/settings';
import { createMetrics } from '../metrics/metrics';
import { openEngine } from '../stores/open-database';
import { Broker } from '../stores/rabbitmq/broker';

export interface Finding {
  level: 'ok' | 'warning' | 'problem';
  about: string;
  /** What was found; for anything but `ok` also what to do. */
  text: string;
}

const OLD_EVENT_MS = 60_000;
const BROKER_PATIENCE_MS = 5_000;
const silent = createLog('silent');

export function checkInstalled(hostDir: string, version: string): Finding {
  const about = 'plugin';
  const manifest = join(hostDir, 'node_modules', 'evolution-guard', 'package.json');
  if (!existsSync(manifest)) {
    return { level: 'problem', about, text: 'evolution-guard is not in node_modules: run npm install in the host.' };
  }
  const installed = (JSON.parse(readFileSync(manifest, 'utf8')) as { version?: unknown }).version;
  if (installed === version) return { level: 'ok', about, text: `evolution-guard ${version} is installed` };
  const text = `node_modules has evolution-guard ${String(installed)}, this command is ${version}: apply again, then npm install.`;
  return { level: 'warning', about, text };
}

/** @returns the settings too, where they can be read. */
export function checkSettings(environment: Environment): { finding: Finding; settings?: Settings } {
  const about = 'settings';
  try {
    const settings = readSettings(environment);
    if (settings.enabled) return { settings, finding: { level: 'ok', about, text: 'every setting is valid' } };
    return {
      settings,
      finding: { level: 'warning', about, text: 'GUARD_ENABLED is not true: the host runs as stock.' },
    };
  } catch (error) {
    if (!(error instanceof GuardError)) throw error;
    return { finding: { level: 'problem', about, text: error.message } };
  }
}

/** Reads only: creates no table. */
export async function checkDatabase(settings: Settings, now: number): Promise<Finding[]> {
  const about = 'database';
  const { databaseUri: uri, databaseSchema: schema } = settings;
  if (!uri) {
    const text = 'Set DATABASE_CONNECTION_URI or GUARD_DATABASE_URI: without it the plugin stays off.';
    return [{ level: 'problem', about, text }];
  }
  const engine = await openEngine({ uri, schema, pooled: true, connections: 2, log: silent });
  try {
    if ((await engine.owner()) === undefined) {
      const text = `it answers; the ${engine.place} are created at the first start of the host.`;
      return [{ level: 'warning', about, text }];
    }
    const { pending, oldestCapturedAt, dead } = await engine.outbox.backlog();
    const findings: Finding[] = [{ level: 'ok', about, text: `the ${engine.place} are there; ${pending} events wait` }];
    if (oldestCapturedAt !== undefined && now - oldestCapturedAt > OLD_EVENT_MS) {
      const age = Math.round((now - oldestCapturedAt) / 1000);
      findings.push({
        level: 'warning',
        about: 'outbox',
        text: `an event waits since ${age} s: does the host run, and does the broker answer?`,
      });
    }
    if (dead > 0)
      findings.push({
        level: 'warning',
        about: 'outbox',
        text: `${dead} dead letters: see evolution-guard dead-letters list.`,
      });
    return findings;
  } catch (error) {
    return [{ level: 'problem', about, text: engine.asDatabaseError(error).message }];
  } finally {
    await engine.close();
  }
}

export async function checkBroker(settings: Settings, environment: Environment): Promise<Finding> {
  const about = 'rabbitmq';
  if (environment.RABBITMQ_ENABLED?.trim() !== 'true') {
    if (settings.webhooks === 'durable') return { level: 'ok', about, text: 'off; webhooks need none' };
    return { level: 'warning', about, text: 'RABBITMQ_ENABLED is not true: there are no events to guard.' };
  }
  if (!settings.rabbitmqUri)
    return { level: 'problem', about, text: 'RABBITMQ_ENABLED is true, but RABBITMQ_URI is not set.' };
  const { rabbitmqUri: uri, rabbitmqFrameMax: frameMax } = settings;
  const broker = new Broker({
    uri,
    frameMax,
    log: silent,
    clock: systemClock,
    random: Math.random,
    metrics: createMetrics(),
  });
  await broker.start();
  try {
    await broker.ready(AbortSignal.timeout(BROKER_PATIENCE_MS));
    return { level: 'ok', about, text: 'it answers' };
  } catch {
    const error =
      broker.lastError ?? new GuardError('GUARD_BROKER_UNREACHABLE', `No answer within ${BROKER_PATIENCE_MS} ms.`);
    return { level: 'problem', about, text: error.message };
  } finally {
    await broker.stop();
  }
}
