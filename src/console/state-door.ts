import type { NextFunction, Request, RequestHandler, Response } from 'express';
import type { InstanceStore, StateRecord } from '../stores/instance-store';

/** What the door needs of instances; compose.ts hands it in. */
export interface StateDoorOptions {
  store: Pick<InstanceStore, 'states'>;
  /** The id of an instance by its name, where this process knows it. */
  idOf: (name: string) => string | undefined;
  /** Whether records of this instance are kept: one that left the rollout has an old one. */
  isGuarded: (name: string) => boolean;
}

type Row = Record<string, unknown>;

/** For so long the host's answer waits for what is known. */
const PATIENCE_MS = 500;
/** GET /instance/connectionState/<name> and /instance/fetchInstances, in any case, as Express takes them. */
const ROUTE = /^\/instance\/(?:connectionState\/[^/]+|fetchInstances)\/?$/i;

/**
 * Stands before the host's routes that tell of connections. The host answers, and says who may ask; the state in its answer
 * is the one that all processes know, with its version. Where that is not known in time, the host's own word goes out.
 */
export function createStateDoor(options: StateDoorOptions): RequestHandler {
  return (request: Request, response: Response, next: NextFunction) => {
    if (request.method !== 'GET' || !ROUTE.test(request.baseUrl + request.path)) return next();
    const json = response.json.bind(response);
    response.json = (body?: unknown) => {
      response.json = json;
      if (response.statusCode !== 200) return json(body);
      void informed(body, options)
        .catch(() => body) // what the host says is an answer, too
        .then((told) => json(told))
        .catch(next);
      return response;
    };
    next();
  };
}

async function informed(body: unknown, options: StateDoorOptions): Promise<unknown> {
  if (Array.isArray(body)) {
    const ids = body.map((row: unknown) => idOfRow(row, options));
    const known = await recordsOf(ids, options);
    return body.map((row: Row, index) => tell(row, 'connectionStatus', known.get(ids[index] ?? '')));
  }
  const { instance } = (body ?? {}) as { instance?: Row };
  const name = instance?.['instanceName'];
  if (typeof name !== 'string' || !options.isGuarded(name)) return body;
  const id = options.idOf(name);
  const known = await recordsOf([id], options);
  return { ...(body as Row), instance: tell(instance as Row, 'state', known.get(id ?? '')) };
}

function idOfRow(row: unknown, { isGuarded }: StateDoorOptions): string | undefined {
  const { id, name } = (row ?? {}) as { id?: unknown; name?: unknown };
  return typeof id === 'string' && typeof name === 'string' && isGuarded(name) ? id : undefined;
}

/** Rejects where the store is late. */
async function recordsOf(
  ids: readonly (string | undefined)[],
  { store }: StateDoorOptions,
): Promise<Map<string, StateRecord>> {
  const asked = ids.filter((id) => id !== undefined);
  if (asked.length === 0) return new Map();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('the states of instances are late')), PATIENCE_MS);
  });
  try {
    const records = await Promise.race([store.states(asked), late]);
    return new Map(records.map((record) => [record.instanceId, record]));
  } finally {
    clearTimeout(timer);
  }
}

function tell(row: Row, field: string, record: StateRecord | undefined): Row {
  if (!record) return row;
  const { state, version, since, reason } = record;
  return { ...row, [field]: state, version, since: new Date(since).toISOString(), reason };
}
