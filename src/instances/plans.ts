import type { Clock } from '../core/clock';
import { describe, GuardError } from '../core/errors';
import { sleep } from '../core/sleep';
import type { Log } from '../core/log';
import type { HostRows } from '../stores/host-rows';
import type { InstanceOperation, InstanceStore } from '../stores/instance-store';
import type { Archive } from './archive';
import type { CredentialStore } from '../stores/credentials';
import type { LiveInstances } from './live';
import { Hopeless, type Plans, type Step } from './operations';

export interface PlansOptions {
  store: Pick<InstanceStore, 'bury' | 'findTombstones' | 'unbury' | 'forget' | 'note'>;
  host: Pick<HostRows, 'findById' | 'close' | 'hide' | 'show' | 'purge'>;
  /** Absent where the host keeps credentials in a way that is not known here. */
  credentials: CredentialStore | undefined;
  archive: Archive;
  live: LiveInstances;
  retentionMs: number;
  /** By instance, the host's own way of telling WhatsApp that a session ends; for as long as somebody waits for it. */
  unlinks: ReadonlyMap<string, () => Promise<void>>;
  newId: () => string;
  clock: Clock;
  log: Log;
}

/** The client name of hidden instances: the host reads only those of its own. */
export const HIDDEN_CLIENT = 'evolution-guard:deleted';
/** The name of a hidden instance in the host's table; its own name is free for another one. */
export const hiddenName = (instanceId: string) => `deleted:${instanceId}`;

/** Rows that are deleted at a time. */
const PIECE_ROWS = 250;
/** Of the time that a piece has taken, so much is paused: others have the tables most of the time. */
const PAUSE_SHARE = 3;

/** The steps of each kind of work. Each may be repeated, and leaves things so that what comes before it may be as well. */
export function createPlans(options: PlansOptions): Plans {
  const { store, host, credentials, archive, live, unlinks, retentionMs, newId, clock, log } = options;

  const note =
    (event: string) =>
    async ({ instanceId, name, data }: InstanceOperation) =>
      store.note({ instanceId, name, event, reason: text(data.reason) });

  /** The id is written down first, so that a repeat finds what the first attempt has stored. */
  const chooseArchive: Step = { name: 'choose', run: () => Promise.resolve({ archiveId: newId() }) };

  const setAside: Step = {
    name: 'archive',
    async run({ instanceId, name, data }) {
      const found = await credentials?.read(instanceId).catch((error: unknown) => {
        // Nobody could read them, so nothing is lost with them; the session must be made new all the same.
        if (!(error instanceof GuardError) || error.code !== 'GUARD_CREDENTIALS_MALFORMED') throw error;
        log.error({ code: error.code, instance: name }, error.message);
        return undefined;
      });
      if (found) await archive.save(text(data.archiveId), { instanceId, name }, text(data.reason), found);
      return { hadCredentials: found !== undefined };
    },
  };

  /** While WhatsApp can be told. What a process that is gone has not told it, it hears from nobody. */
  const unlink: Step = {
    name: 'unlink',
    async run({ instanceId }) {
      await unlinks
        .get(instanceId)?.()
        .catch((error: unknown) => {
          throw new Hopeless(error instanceof Error ? error : new Error(describe(error)));
        });
    },
  };

  const reset: Step = {
    name: 'reset',
    async run({ instanceId }) {
      await live.silence(instanceId); // somebody may have connected it since
      await credentials?.remove(instanceId);
      live.renew(instanceId);
    },
  };

  const hide: Step = {
    name: 'hide',
    async run({ instanceId, name, data }) {
      await live.silence(instanceId);
      const row = await host.findById(instanceId);
      if (!row) throw new Hopeless(new GuardError('GUARD_INSTANCE_UNKNOWN', `It was ${name}.`));
      if (row.clientName === HIDDEN_CLIENT) return live.unload(instanceId);
      const { token, clientName, integration } = row;
      const archiveId = text(data.archiveId);
      await store.bury({ instanceId, name: row.name, token, clientName, integration, archiveId }, retentionMs);
      await host.hide(instanceId, { name: hiddenName(instanceId), clientName: HIDDEN_CLIENT });
      live.unload(instanceId);
    },
  };

  const show: Step = {
    name: 'show',
    async run({ instanceId, data }) {
      const [tombstone] = await store.findTombstones(instanceId);
      if (!tombstone) throw new Hopeless(new GuardError('GUARD_INSTANCE_UNKNOWN', `Its id was ${instanceId}.`));
      const { token, clientName, archiveId } = tombstone;
      const name = text(data.as) || tombstone.name;
      const isThere = await host.show(instanceId, { name, token, clientName }).catch((error: unknown) => {
        if (error instanceof GuardError && error.code === 'GUARD_INSTANCE_NAME_TAKEN') throw new Hopeless(error);
        throw error;
      });
      if (!isThere) throw new Hopeless(new GuardError('GUARD_INSTANCE_UNKNOWN', `Its rows are gone; it was ${name}.`));
      return { archiveId };
    },
  };

  /** Without them, or with those that do not open, the instance is back all the same, and asks for its QR code. */
  const readArchive = async (id: unknown) => {
    if (typeof id !== 'string') return undefined;
    return archive.read(id).catch((error: unknown) => {
      if (!(error instanceof GuardError)) throw error;
      log.error({ code: error.code }, error.message);
      return undefined;
    });
  };

  const giveBack: Step = {
    name: 'credentials',
    async run({ instanceId, data }) {
      const found = await readArchive(data.archiveId);
      if (found) await credentials?.write(instanceId, found);
      return { connects: found !== undefined };
    },
  };

  const load: Step = {
    name: 'load',
    async run({ instanceId, data }) {
      const row = await host.findById(instanceId);
      if (row) await live.load(row, data.connects === true);
    },
  };

  /** Work may have waited behind a restore: what is in sight again is not deleted, unless it is just that which is meant. */
  const unload: Step = {
    name: 'unload',
    async run({ instanceId, name, data }) {
      const row = data.isInSight === true ? undefined : await host.findById(instanceId);
      if (row && row.clientName !== HIDDEN_CLIENT)
        throw new Hopeless(new GuardError('GUARD_INSTANCE_UNKNOWN', `${name} is not deleted any more.`));
      live.unload(instanceId);
    },
  };

  const deleteRows: Step = {
    name: 'rows',
    async run({ instanceId }, signal) {
      for (let deleted = 1; deleted > 0 && !signal.aborted;) {
        const from = clock.monotonic();
        deleted = await host.purge(instanceId, PIECE_ROWS);
        await sleep(PAUSE_SHARE * (clock.monotonic() - from), signal);
      }
      if (signal.aborted) throw new Error('the host stops');
    },
  };

  return {
    logout: [
      chooseArchive,
      setAside,
      unlink,
      reset,
      { name: 'close', run: ({ instanceId }) => host.close(instanceId) },
      { name: 'note', run: note('session reset') },
    ],
    delete: [chooseArchive, hide, setAside, reset, { name: 'note', run: note('deleted, kept hidden') }],
    restore: [
      show,
      giveBack,
      { name: 'unbury', run: ({ instanceId }) => store.unbury(instanceId) },
      { name: 'note', run: note('restored') },
      load, // last: who dies before it is connected has it loaded, and connected, by the next start
    ],
    purge: [
      unload,
      reset,
      deleteRows,
      { name: 'note', run: note('deleted for good') },
      { name: 'forget', run: ({ instanceId }) => store.forget(instanceId) },
    ],
  };
}

/** Of what was written down as JSON. */
const text = (value: unknown): string => (typeof value === 'string' ? value : '');
