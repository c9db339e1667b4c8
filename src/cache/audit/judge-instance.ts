import type { CredentialSettings } from '../../stores/credentials/choose';
import type { AuditedInstance } from '../../stores/host-audit-rows';
import { SESSION_MODULE, sessionKey } from './cache-key';
import type { Finding } from './finding';
import { numberOf, ownerOf, type CredentialsOwner } from './owner-of-credentials';

/** Where things have to be, by the host's own settings and ours. */
export interface AuditPlaces extends Pick<CredentialSettings, 'usesProvider' | 'saveInRedis' | 'saveInDatabase'> {
  /** Signal keys are kept out of Redis (GUARD_CACHE_BYPASS). */
  keysInFiles: boolean;
}

/** What Redis has of an instance. */
export interface HashFacts {
  /** Fields, creds among them; 0: there is no hash. */
  fields: number;
  creds: CredentialsOwner | undefined;
  /** Seconds to live; negative: it stays. */
  ttl: number;
}

/** And what is on its way there. */
export interface SessionFacts extends HashFacts {
  /** Writes wait on the disk, so that what is in Redis is old. */
  isWaiting: boolean;
}

interface Case {
  instance: AuditedInstance;
  hash: SessionFacts;
  /** Credentials of the table Session. */
  session: CredentialsOwner | undefined;
  /** Those that the host reads; nobody's where it keeps none. */
  inUse: CredentialsOwner | undefined;
  places: AuditPlaces;
}

type Rule = (about: Case) => Omit<Finding, 'key' | 'module'> | undefined;

/** Holds what Redis has of an instance of Baileys' channel against its rows. */
export function judgeInstance(
  instance: AuditedInstance,
  hash: SessionFacts,
  places: AuditPlaces,
  prefix: string,
): Finding[] {
  const session = instance.session === null ? undefined : ownerOf(instance.session);
  const inUse = places.saveInRedis ? hash.creds : places.saveInDatabase ? session : undefined;
  const [key, module] = [sessionKey(prefix, instance.id), SESSION_MODULE];
  const rules = places.usesProvider || hash.isWaiting ? ALWAYS : [...ALWAYS, ...OF_CREDENTIALS];
  return rules.flatMap((rule) => {
    const found = rule({ instance, hash, session, inUse, places });
    return found ? [{ ...found, key, module, why: `${instance.name}: ${found.why}` }] : [];
  });
}

const endsByItself: Rule = ({ hash: { ttl } }) =>
  ttl < 0
    ? undefined
    : {
        kind: 'stale',
        cause: 'ends-by-itself',
        why: `its session ends by itself in ${ttl} s, which the host never asks for.`,
        fix: 'keep',
      };

const writesWait: Rule = ({ hash: { isWaiting } }) =>
  isWaiting
    ? {
        kind: 'stale',
        cause: 'writes-wait',
        why: 'writes of its session wait on the disk, for a host with GUARD_CACHE=true.',
      }
    : undefined;

const unreadable: Rule = ({ hash: { creds } }) =>
  creds?.isReadable === false
    ? { kind: 'stale', cause: 'unreadable', why: 'its credentials in Redis are not as the host writes them.' }
    : undefined;

const twoNumbers: Rule = ({ hash: { creds }, session, places }) => {
  const [here, there] = [numberIn(creds), numberIn(session)];
  if (here === undefined || there === undefined || here === there) return undefined;
  const why = `its credentials in Redis are those of ${here}, in the table Session of ${there}; the host reads ${placeOf(places)}.`;
  return { kind: 'stale', cause: 'two-numbers', why };
};

const foreignNumber: Rule = ({ instance: { connectionStatus, ownerJid }, hash: { creds }, places }) => {
  const number = numberIn(creds);
  if (connectionStatus !== 'open' || !ownerJid || number === undefined || !places.saveInRedis) return undefined;
  if (number === numberOf(ownerJid)) return undefined;
  return {
    kind: 'stale',
    cause: 'foreign-number',
    why: `its credentials are those of ${number}, its row says ${numberOf(ownerJid)}.`,
  };
};

/** What is open has paired credentials, or had them. */
const credentialsMissing: Rule = ({ instance: { connectionStatus }, hash, session, inUse, places }) => {
  if (connectionStatus !== 'open' || !keepsCredentials(places)) return undefined;
  if (inUse && (!inUse.isReadable || inUse.number !== undefined)) return undefined;
  const what = inUse ? 'only credentials that were never paired' : 'no credentials';
  const other = places.saveInRedis ? session : hash.creds;
  const elsewhere =
    numberIn(other) === undefined ? '' : `, but ${places.saveInRedis ? 'the table Session' : 'Redis'} has`;
  const why = `it is open, and ${placeOf(places)} has ${what} of it${elsewhere}; its next start will ask for a QR code.`;
  return { kind: 'missing', cause: 'no-credentials', why };
};

const keysMissing: Rule = ({ instance: { connectionStatus }, hash: { fields }, inUse, places }) => {
  if (connectionStatus !== 'open' || places.saveInRedis || places.keysInFiles || fields > 0) return undefined;
  if (numberIn(inUse) === undefined) return undefined;
  const why =
    'it is open, but Redis has none of its signal keys: they were evicted or deleted, and messages to it stay unread.';
  return { kind: 'missing', cause: 'no-signal-keys', why };
};

/** The host without this plugin leaves them behind at a logout where creds are in the table. The next session has no use for them. */
const keysLeft: Rule = ({ instance: { connectionStatus, isSettled }, hash, session, places }) => {
  if (connectionStatus !== 'close' || hash.fields === 0 || hash.creds || session || !keepsCredentials(places))
    return undefined;
  const why = `it is logged out, and ${hash.fields} signal keys of an ended session remain`;
  const finding = { kind: 'stale', cause: 'keys-left' } as const;
  if (!isSettled) return { ...finding, why: `${why}; its row has changed within a day.` };
  return { ...finding, why: `${why}.`, fix: 'delete' };
};

const ALWAYS: Rule[] = [endsByItself, writesWait];
/** Not where another service has them (PROVIDER_ENABLED), or what Redis has is old. */
const OF_CREDENTIALS: Rule[] = [unreadable, twoNumbers, foreignNumber, credentialsMissing, keysMissing, keysLeft];

const numberIn = (creds: CredentialsOwner | undefined) => (creds?.isReadable ? creds.number : undefined);
const placeOf = ({ saveInRedis }: AuditPlaces) => (saveInRedis ? 'Redis' : 'the table Session');
const keepsCredentials = ({ saveInRedis, saveInDatabase }: AuditPlaces) => saveInRedis || saveInDatabase;
