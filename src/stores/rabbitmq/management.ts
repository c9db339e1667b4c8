import { z } from 'zod';
import { describe, GuardError } from '../../core/errors';
import type { Settings } from '../../core/settings';
import { parseAddress } from './address';
import { DEAD_LETTER_BINDING, DEAD_LETTER_EXCHANGE, DEAD_LETTER_QUEUE, type Policy } from './definitions';

const ANSWER_MS = 5_000;
/** The most that RabbitMQ gives at a time. */
const PAGE_QUEUES = 500;

export interface ManagementAddress {
  /** Without credentials and without `/api`. */
  url: string;
  username: string;
  password: string;
  vhost: string;
}

/** A queue, and the one policy that applies to it. */
export interface PolicedQueue {
  name: string;
  policy?: string | null | undefined;
}

/** RabbitMQ's HTTP API, as far as policies need it; for one virtual host. Every call throws GUARD_MANAGEMENT_... */
export interface Management {
  readonly vhost: string;
  policies(): Promise<Policy[]>;
  putPolicy(policy: Policy): Promise<void>;
  deletePolicy(name: string): Promise<void>;
  /** The first queues whose name matches, and how many there are. */
  queues(pattern: string): Promise<{ total: number; queues: PolicedQueue[] }>;
  /** What is missing of exchange, queue and binding for dead letters. */
  missingDeadLetters(name: string): Promise<string[]>;
  /** Uses what is there already as it stands. */
  declareDeadLetters(name: string): Promise<void>;
}

/** The address that is set, or the port at which the management plugin of the broker listens by default. */
export function managementAddress(
  settings: Pick<Settings, 'rabbitmqManagementUrl' | 'rabbitmqFrameMax'> & { rabbitmqUri: string },
): ManagementAddress {
  const { protocol, hostname, username, password, vhost } = parseAddress(
    settings.rabbitmqUri,
    settings.rabbitmqFrameMax,
  );
  const usual = protocol === 'amqps' ? `https://${hostname}:15671` : `http://${hostname}:15672`;
  const url = new URL(settings.rabbitmqManagementUrl ?? usual);
  return {
    url: `${url.origin}${url.pathname.replace(/\/+$/, '')}`,
    username: decodeURIComponent(url.username) || username,
    password: decodeURIComponent(url.password) || password,
    vhost,
  };
}

const policy = z.object({
  name: z.string(),
  pattern: z.string(),
  'apply-to': z.string(),
  priority: z.number(),
  definition: z.record(z.string(), z.unknown()),
});
const queuePage = z.object({
  filtered_count: z.number(),
  items: z.array(z.object({ name: z.string(), policy: z.string().nullish() })),
});
const bindings = z.array(z.unknown());

export function createManagement(address: ManagementAddress): Management {
  const { vhost } = address;
  const request = requester(address);
  const place = (kind: string, ...names: string[]) => `/${[kind, vhost, ...names].map(encodeURIComponent).join('/')}`;
  const bindingOf = (name: string) =>
    `${place('bindings')}/e/${encodeURIComponent(name)}/q/${encodeURIComponent(name)}`;
  const partsOf = (name: string) => [
    { what: `exchange ${name}`, path: place('exchanges', name), body: DEAD_LETTER_EXCHANGE },
    { what: `queue ${name}`, path: place('queues', name), body: DEAD_LETTER_QUEUE },
  ];
  const exists = async (path: string) => (await request('GET', path, z.unknown(), { absent: true })) !== undefined;
  const bound = async (name: string) =>
    ((await request('GET', bindingOf(name), bindings, { absent: true })) ?? []).length > 0;
  return {
    vhost,
    policies: async () => (await request('GET', place('policies'), z.array(policy))) ?? [],
    async putPolicy({ name, ...body }) {
      await request('PUT', place('policies', name), z.unknown(), { body });
    },
    async deletePolicy(name) {
      await request('DELETE', place('policies', name), z.unknown(), { absent: true });
    },
    async queues(pattern) {
      // Without statistics: they cost the broker much, and know of a changed policy only seconds later.
      const query = { page: '1', page_size: `${PAGE_QUEUES}`, use_regex: 'true', name: pattern, disable_stats: 'true' };
      const page = await request('GET', `${place('queues')}?${new URLSearchParams(query).toString()}`, queuePage);
      return { total: page?.filtered_count ?? 0, queues: page?.items ?? [] };
    },
    async missingDeadLetters(name) {
      const missing: string[] = [];
      for (const { what, path } of partsOf(name)) if (!(await exists(path))) missing.push(what);
      if (!(await bound(name))) missing.push(`binding of ${name}`);
      return missing;
    },
    async declareDeadLetters(name) {
      for (const { path, body } of partsOf(name)) {
        if (!(await exists(path))) await request('PUT', path, z.unknown(), { body });
      }
      if (!(await bound(name))) await request('POST', bindingOf(name), z.unknown(), { body: DEAD_LETTER_BINDING });
    },
  };
}

interface RequestOptions {
  body?: object;
  /** 404 means undefined. */
  absent?: boolean;
}

function requester({ url, username, password }: ManagementAddress) {
  const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  return async function request<T extends z.ZodType>(
    method: string,
    path: string,
    answer: T,
    { body, absent = false }: RequestOptions = {},
  ): Promise<z.output<T> | undefined> {
    const what = `${method} ${url}/api${path.split('?')[0]}`;
    const unreachable = (cause: unknown) =>
      new GuardError('GUARD_MANAGEMENT_UNREACHABLE', `${what}: ${describe(cause)}.`, { cause });
    let response: Response;
    let text: string;
    try {
      response = await fetch(`${url}/api${path}`, {
        method,
        headers: { authorization, 'content-type': 'application/json' },
        body: body === undefined ? null : JSON.stringify(body),
        redirect: 'error', // the credentials are for this server
        signal: AbortSignal.timeout(ANSWER_MS),
      });
      text = await response.text();
    } catch (error) {
      throw unreachable((error as { cause?: unknown }).cause ?? error);
    }
    if (response.status === 404 && absent) return undefined;
    if (!response.ok) {
      throw new GuardError('GUARD_MANAGEMENT_REFUSED', `${what}: ${response.status} ${reasonIn(text)}.`);
    }
    return parse(answer, text, unreachable);
  };
}

function parse<T extends z.ZodType>(answer: T, text: string, wrong: (cause: unknown) => GuardError): z.output<T> {
  try {
    return answer.parse(text === '' ? undefined : JSON.parse(text));
  } catch (error) {
    throw wrong(error instanceof z.ZodError ? new Error('its answer is not that of RabbitMQ') : error);
  }
}

/** `{"error":"not_authorised","reason":"Not management user"}`; a proxy in between answers in HTML. */
function reasonIn(text: string): string {
  try {
    return z.object({ reason: z.string() }).parse(JSON.parse(text)).reason.replace(/\s+/g, ' ').trim();
  } catch {
    return 'without a reason';
  }
}
