import type { CredentialStore } from '../credentials';
import type { HostRows } from '../host-rows';
import { CREDS, type KeyPlace } from './key-place';
import { unwrap, wrap } from './wrapped-text';

/** All of it in one place: creds are a key among the others. */
export function credentialsIn(keys: KeyPlace): CredentialStore {
  return {
    place: keys.place,
    read: async (instanceId) => {
      const all = await keys.read(instanceId);
      const creds = all.get(CREDS);
      if (creds === undefined) return undefined;
      all.delete(CREDS);
      return { creds, keys: all };
    },
    write: (instanceId, credentials) =>
      keys.write(instanceId, new Map([...credentials.keys, [CREDS, credentials.creds]])),
    remove: (instanceId) => keys.remove(instanceId),
  };
}

export type SessionRows = Pick<HostRows, 'readSession' | 'writeSession' | 'deleteSession'>;

/** Creds in the table Session, signal keys elsewhere. Creds come last and go first: they are never without their keys. */
export function credentialsInSession(rows: SessionRows, keys: KeyPlace): CredentialStore {
  return {
    place: `the table Session, and ${keys.place}`,
    read: async (instanceId) => {
      const creds = await rows.readSession(instanceId);
      if (creds === undefined) return undefined;
      return { creds: unwrap(creds, `Session ${instanceId}`), keys: await keys.read(instanceId) };
    },
    write: async (instanceId, credentials) => {
      await keys.write(instanceId, credentials.keys);
      await rows.writeSession(instanceId, wrap(credentials.creds));
    },
    remove: async (instanceId) => {
      await rows.deleteSession(instanceId);
      await keys.remove(instanceId);
    },
  };
}
