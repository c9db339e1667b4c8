import type { CredentialWrites } from '../../src/cache/waiting/waiting-credentials';

export interface FakeRedis extends CredentialWrites {
  /** What was confirmed, in order, such as `hSet a creds {}`. */
  calls: string[];
  contents: Record<string, Record<string, string>>;
  /** Awaited by each write before it is done; what it throws is the write's failure. */
  before: (call: string) => void | Promise<void>;
}

/** The writes of a Redis, into memory. */
export function fakeRedis(contents: FakeRedis['contents'] = {}): FakeRedis {
  const redis: FakeRedis = {
    calls: [],
    contents,
    before: () => undefined,
    hSet: (id, field, value) => run(`hSet ${id} ${field} ${value}`, () => ((contents[id] ??= {})[field] = value)),
    hDelete: (id, field) => run(`hDelete ${id} ${field}`, () => delete contents[id]?.[field]),
    delete: (id) => run(`delete ${id}`, () => delete contents[id]),
  };
  async function run(call: string, change: () => void) {
    await redis.before(call);
    change();
    redis.calls.push(call);
  }
  return redis;
}
