import { literal } from '../../stores/redis/scan-all';

/** A key of the host by its name: `<prefix>:<module>:<rest>`. */
export type CacheKey = { key: string; module: string } & (
  | { of: 'session'; /** Of the instance: its id, or in EvolutionAPI 1 its name. */ owner: string }
  | { of: 'draft'; owner: string }
  | { of: 'chatwoot'; /** The instance's name. */ owner: string; isSettings: boolean }
  | { of: 'passing'; module: (typeof PASSING_MODULES)[number] }
  | { of: 'other' }
);

/** What keys are counted by: modules, whatever the host's build calls Chatwoot's. */
export const FAMILIES = ['instance', 'baileys', 'groups', 'chatwoot', 'other'] as const;
export type Family = (typeof FAMILIES)[number];

export const SESSION_MODULE = 'instance';
/** Every key of these has a time to live. */
const PASSING_MODULES = ['baileys', 'groups'] as const;
/** Chatwoot's module is named after a class, and the host's build may have renamed that: what it keeps tells it. */
const CHATWOOT = /^(.+?):(getProvider|getInbox|createConversation-.+|lock:createConversation-.+)$/s;
/** Beside a hash while it is written anew. */
const DRAFT = /^(.+):draft$/s;

export const sessionKey = (prefix: string, owner: string) => `${prefix}:${SESSION_MODULE}:${owner}`;

/** What SCAN is to look for: everything of the host, whatever signs are in its prefix. */
export const patternOf = (prefix: string) => `${literal(prefix)}:*`;

export function readKey(prefix: string, key: string): CacheKey {
  const name = key.slice(prefix.length + 1);
  const colon = name.indexOf(':');
  const [module, rest] = colon < 0 ? [name, ''] : [name.slice(0, colon), name.slice(colon + 1)];
  if (module === SESSION_MODULE) {
    const draft = DRAFT.exec(rest)?.[1];
    return draft === undefined
      ? { key, module, of: 'session', owner: rest }
      : { key, module, of: 'draft', owner: draft };
  }
  const passing = PASSING_MODULES.find((each) => each === module);
  if (passing) return { key, module: passing, of: 'passing' };
  const [, owner, what] = CHATWOOT.exec(rest) ?? [];
  if (owner !== undefined) return { key, module, of: 'chatwoot', owner, isSettings: what === 'getProvider' };
  return { key, module, of: 'other' };
}

export function familyOf(key: CacheKey): Family {
  if (key.of === 'passing') return key.module;
  return key.of === 'session' || key.of === 'draft' ? 'instance' : key.of;
}
