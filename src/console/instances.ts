import { z } from 'zod';
import { whole } from '../core/setting-types';
import type { Instances } from '../instances/instances';
import { findInstance, listInstances, type Known, type ReadingStores } from '../stores/instance-reading';
import type { Handler } from './handler';
import { instanceLife, instanceLine, tombstoneLine, type InstanceLine } from './instance-answers';
import { parse } from './problem';

/** What the handlers of instances need; compose.ts hands it in. */
export interface InstanceTools extends ReadingStores {
  clientName: string;
  instances: Pick<Instances, 'restore' | 'purge' | 'tombstoneOf'>;
  /** A backup of one instance. @throws GuardError GUARD_INSTANCE_UNKNOWN, GUARD_INSTANCE_EXPORT */
  exported: (name: string) => Promise<{ name: string; body: Buffer }>;
}

const idOrName = z.string().min(1).max(255);
const none = z.strictObject({});
const page = z.strictObject({
  before: whole(1, Number.MAX_SAFE_INTEGER).default(Number.MAX_SAFE_INTEGER),
  limit: whole(1, 1_000).default(100),
});
const restoring = z.strictObject({ as: idOrName.optional() });
const purging = z.strictObject({ dryRun: z.boolean('must be true or false').default(false) });

/** `GET /guard/instances`: those that are there, and those that were deleted and are kept. */
export function getInstances(tools: InstanceTools): Handler {
  return async (request, response) => {
    parse(none, request.query);
    response.json({ instances: (await listInstances(tools, tools.clientName)).map(lineOf) });
  };
}

/** `GET /guard/instances/:idOrName`: its state, its history, which credentials were set aside, and what is being done. */
export function getInstance(tools: InstanceTools): Handler {
  return async (request, response) => {
    const { before, limit } = parse(page, request.query);
    const line = lineOf(await findInstance(tools, parse(idOrName, request.params.idOrName)));
    const { store } = tools;
    const [history, archives, work] = [
      await store.history(line.id, before, limit),
      await store.archives(line.id),
      await store.operations(),
    ];
    response.json(
      instanceLife(
        line,
        history,
        archives,
        work.filter(({ instanceId }) => instanceId === line.id),
      ),
    );
  };
}

/** `GET /guard/instances/:idOrName/export`: the file that `evolution-guard backup create --instance` would make. */
export function exportInstance(tools: InstanceTools): Handler {
  return async (request, response) => {
    parse(none, request.query);
    const line = lineOf(await findInstance(tools, parse(idOrName, request.params.idOrName)));
    const { name, body } = await tools.exported(line.name);
    response.attachment(name).type('application/octet-stream').send(body);
  };
}

/** `POST /guard/instances/:idOrName/restore {as?}`: answers when it is back. */
export function restoreInstance({ instances }: InstanceTools): Handler {
  return async (request, response) => {
    const { as } = parse(restoring, request.body ?? {});
    const { instanceId: id, name } = await instances.restore(parse(idOrName, request.params.idOrName), as);
    response.json({ id, name });
  };
}

/** `POST /guard/instances/:idOrName/purge {dryRun?}`: 202 when it is certain to be done; 200 with what would go. */
export function purgeInstance({ host, instances }: InstanceTools): Handler {
  return async (request, response) => {
    const { dryRun } = parse(purging, request.body ?? {});
    const wanted = parse(idOrName, request.params.idOrName);
    const tombstone = dryRun ? await instances.tombstoneOf(wanted) : await instances.purge(wanted);
    const { instanceId: id, name } = tombstone;
    if (dryRun) response.json({ id, name, rows: await host.count(id) });
    else response.status(202).json({ id, name });
  };
}

export const lineOf = (known: Known): InstanceLine =>
  'tombstone' in known ? tombstoneLine(known.tombstone) : instanceLine(known.row, known.state);
