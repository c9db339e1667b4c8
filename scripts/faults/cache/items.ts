import type { HostCache } from '../../../src/cache/host-cache';

/** The host's CACHE_REDIS_PREFIX_KEY and CACHE_REDIS_TTL, as they are by default. */
export const PREFIX = 'evolution-cache';
export const TTL_SECONDS = 604_800;

/** The modules of the host that use its cache. */
export type Module = 'instance' | 'baileys' | 'groups' | 'ChatwootService';

export type Caches = Record<Module, HostCache>;

export function cachesOf(make: (module: Module) => HostCache): Caches {
  return {
    instance: make('instance'),
    baileys: make('baileys'),
    groups: make('groups'),
    ChatwootService: make('ChatwootService'),
  };
}

/** `credentials` and `groups` are written again and again, `keys` and `chats` once, and many of them are deleted. */
export type Kind = 'credentials' | 'groups' | 'keys' | 'chats';

/** Below are the numbers of credentials. */
export const FIRST_GROUP = 20;
/** Below are the numbers of all items that are written again and again: any process may read them. */
export const REWRITTEN = 120;
/** Of a process. Its signal keys are spread over them. */
const INSTANCES = 10;
/** As long as a small value of the host. */
const FILLING = 'x'.repeat(120);

export interface Place {
  module: Module;
  key: string;
  /** Of a hash. */
  field: string | undefined;
}

/** Its name in the evidence, and in every key or field of it: what a server has executed tells of it. */
export const nameOf = (stream: string, number: number): string => `${stream}${number}`;

export function kindOf(number: number): Kind {
  if (number < FIRST_GROUP) return 'credentials';
  if (number < REWRITTEN) return 'groups';
  return number % 2 === 0 ? 'keys' : 'chats';
}

export function placeOf(stream: string, number: number): Place {
  const mark = `#${nameOf(stream, number)}#`;
  switch (kindOf(number)) {
    case 'credentials':
      return { module: 'instance', key: mark, field: 'session-5511999.0' };
    case 'keys':
      return { module: 'baileys', key: `sales-${stream}-${number % INSTANCES}`, field: `pre-key-${mark}` };
    case 'groups':
      return { module: 'groups', key: `${mark}@g.us`, field: undefined };
    case 'chats':
      return { module: 'ChatwootService', key: `${mark}:getConversation`, field: undefined };
  }
}

/** In a hash the host keeps texts, else objects. */
export function valueOf(seq: number, { field }: Place): unknown {
  const value = { written: `=${seq}=`, filling: FILLING };
  return field === undefined ? value : JSON.stringify(value);
}

const ITEM = /#([a-z]\d+)#/g;
const SEQ = /=(\d+)=/;

/** @returns the number of the write whose value it is, if it is one. */
export function seqIn(value: unknown): number | undefined {
  const [, seq] = SEQ.exec(typeof value === 'string' ? value : (JSON.stringify(value) ?? '')) ?? [];
  return seq === undefined ? undefined : Number(seq);
}

/** @returns items that some text tells of. */
export function itemsIn(text: string): string[] {
  return [...text.matchAll(ITEM)].map(([, item]) => item ?? '');
}
