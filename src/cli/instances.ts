import type { Command } from 'commander';
import { setTimeout as sleep } from 'node:timers/promises';
import { randomUUID } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import { instanceLife } from '../console/instance-answers';
import { lineOf } from '../console/instances';
import { GuardError } from '../core/errors';
import { createLog } from '../core/log';
import { findDeleted, findInstance, listInstances, type ReadingStores } from '../stores/instance-reading';
import type { InstanceOperation, Tombstone } from '../stores/instance-store';
import { openHostRows } from '../stores/open-host-rows';
import { withTables } from './engine-access';
import { hostCommand } from './host-command';
import { askedAnswer, countAnswer, listAnswer, showAnswer } from './instance-answers';
import { print } from './output';

const HISTORY = 100;
const LAST = Number.MAX_SAFE_INTEGER;
/** A host that runs looks for such work every few seconds. */
const [PATIENCE_MS, LOOK_MS] = [20_000, 250];

/** evolution-guard instances list|show|restore|purge. @param patienceMs how long a host is waited for. */
export function addInstanceCommands(program: Command, patienceMs = PATIENCE_MS): void {
  const group = program
    .command('instances')
    .description('Look at instances and what has happened to them, bring deleted ones back, or delete them for good.')
    .addHelpText('after', EXAMPLES);
  addList(group);
  addShow(group);
  addRestore(group, patienceMs);
  addPurge(group, patienceMs);
}

function addList(group: Command): void {
  hostCommand(group, 'list', 'List instances, with those that were deleted and are kept.', EXAMPLES).action(
    async (hostDir: string, options: { json?: true }) => {
      const known = await withInstances(hostDir, (stores, clientName) => listInstances(stores, clientName));
      print(listAnswer(known.map(lineOf)), options.json === true);
    },
  );
}

function addShow(group: Command): void {
  hostCommand(group, 'show', 'Print the state of an instance, its history, and the credentials set aside.', EXAMPLES)
    .argument('<name or id>', 'of the instance')
    .action(async (hostDir: string, given: string, options: { json?: true }) => {
      const life = await withInstances(hostDir, async (stores) => {
        const line = lineOf(await findInstance(stores, given));
        const { store } = stores;
        const work = (await store.operations()).filter(({ instanceId }) => instanceId === line.id);
        return instanceLife(line, await store.history(line.id, LAST, HISTORY), await store.archives(line.id), work);
      });
      print(showAnswer(life), options.json === true);
    });
}

function addRestore(group: Command, patienceMs: number): void {
  hostCommand(group, 'restore', 'Bring a deleted instance back, with everything that it had.', EXAMPLES)
    .argument('<name or id>', 'of the deleted instance')
    .option('--as <name>', 'the name that it is to have')
    .action(async (hostDir: string, given: string, options: { as?: string; json?: true }) => {
      const { as } = options;
      const answer = await withInstances(hostDir, async (stores) => {
        const tombstone = await findDeleted(stores.store, given);
        const name = as ?? tombstone.name;
        if (await stores.host.findByName(name)) throw new GuardError('GUARD_INSTANCE_NAME_TAKEN', `It is ${name}.`);
        const data = { reason: 'the command line', ...(as !== undefined && { as }) };
        const isDone = await ask(stores, { kind: 'restore', step: 'show', data }, { ...tombstone, name }, patienceMs);
        return askedAnswer(name, tombstone.instanceId, 'restore', isDone);
      });
      print(answer, options.json === true);
    });
}

function addPurge(group: Command, patienceMs: number): void {
  hostCommand(group, 'purge', 'Delete a deleted instance for good, before its time.', EXAMPLES)
    .argument('<name or id>', 'of the deleted instance')
    .option('--dry-run', 'only say what would go')
    .action(async (hostDir: string, given: string, options: { dryRun?: true; json?: true }) => {
      const answer = await withInstances(hostDir, async (stores) => {
        const tombstone = await findDeleted(stores.store, given);
        const { instanceId, name } = tombstone;
        if (options.dryRun) return countAnswer(name, instanceId, await stores.host.count(instanceId));
        const data = { reason: 'the command line' };
        const isDone = await ask(stores, { kind: 'purge', step: 'unload', data }, tombstone, patienceMs);
        return askedAnswer(name, instanceId, 'purge', isDone);
      });
      print(answer, options.json === true);
    });
}

/** Writes work down that nobody has, for a host that runs, or the next start. @returns whether it was done at once. */
async function ask(
  { store }: ReadingStores,
  work: Pick<InstanceOperation, 'kind' | 'step' | 'data'>,
  { instanceId, name }: Tombstone,
  patienceMs: number,
): Promise<boolean> {
  const other = await store.begin({ id: uuidv7(), instanceId, name, ...work }, randomUUID(), 0);
  if (other) throw new GuardError('GUARD_INSTANCE_BUSY', `${other.kind} of ${other.name}, at step ${other.step}.`);
  for (let waited = 0; waited < patienceMs; waited += LOOK_MS) {
    await sleep(LOOK_MS);
    const isOpen = (await store.operations()).some((each) => each.instanceId === instanceId);
    if (!isOpen) return true;
  }
  return false;
}

/** @throws GuardError */
function withInstances<T>(
  hostDir: string,
  action: (stores: ReadingStores, clientName: string) => Promise<T>,
): Promise<T> {
  return withTables(hostDir, 'instances', async ({ instances: store }, { hostDatabaseUri: uri, clientName }) => {
    if (!uri)
      throw new GuardError('GUARD_OUTBOX_ABSENT', `The settings in ${hostDir} name no DATABASE_CONNECTION_URI.`);
    const host = await openHostRows(uri, createLog('silent'));
    try {
      return await action({ store, host }, clientName);
    } finally {
      await host.stop();
    }
  });
}

const EXAMPLES = `
Examples:
  $ evolution-guard instances list ~/evolution-api
  $ evolution-guard instances show ~/evolution-api shop                what has happened to it, and why
  $ evolution-guard instances restore ~/evolution-api shop             a deleted one, under its name
  $ evolution-guard instances restore ~/evolution-api shop --as shop-2
  $ evolution-guard instances purge ~/evolution-api shop --dry-run     what would go`;
