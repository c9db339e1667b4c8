import { afterEach, describe, expect, it } from '@jest/globals';
import { GuardError } from '../../src/core/errors';
import { startUpkeep, type UpkeepOptions } from '../../src/instances/upkeep';
import type { Tombstone } from '../../src/stores/instance-store';
import { recordingLog } from '../helpers/recording-log';
import { until } from '../helpers/until';

const DAY_MS = 86_400_000;
const NOW = 1_000 * DAY_MS;

describe('the upkeep of instances', () => {
  const log = recordingLog();
  let stop: () => Promise<void> = () => Promise.resolve();

  /** Starts it with these whose retention is over. @returns what it asked for, in order. */
  function start(due: readonly string[], options: Partial<UpkeepOptions> = {}): string[] {
    const asked: string[] = [];
    const left = { archives: 2, history: 1 };
    const take = (what: keyof typeof left, before: number) => {
      asked.push(`${what} from before day ${before / DAY_MS}`);
      return Promise.resolve((left[what] -= 1) >= 0 ? 500 : 0);
    };
    stop = startUpkeep({
      store: {
        due: () => Promise.resolve(due.map((instanceId) => ({ instanceId }) as Tombstone)),
        purgeArchives: (before) => take('archives', before),
        purgeHistory: (before) => take('history', before),
      },
      instances: { purge: (id, reason) => (asked.push(`${id}: ${reason}`), Promise.resolve({} as Tombstone)) },
      isBusy: () => false,
      retentionDays: 30,
      clock: { now: () => NOW, monotonic: () => 0 },
      log,
      ...options,
    });
    return asked;
  }

  afterEach(async () => {
    await stop();
    log.lines.length = 0;
  });

  it('purges what is due, then old archives and history until there are none', async () => {
    const asked = start(['a', 'b']);
    await until(() => asked.length === 7);
    expect(asked).toEqual([
      ...['a: it was kept for 30 days', 'b: it was kept for 30 days'],
      ...Array<string>(3).fill('archives from before day 970'),
      ...Array<string>(2).fill('history from before day 635'),
    ]);
  });

  it('waits for none that something is done with already, here or in another process', async () => {
    const tried: string[] = [];
    const purge = (id: string) => {
      tried.push(id);
      return Promise.reject(new GuardError('GUARD_INSTANCE_BUSY', 'purge.'));
    };
    const asked = start(['here', 'elsewhere'], { isBusy: (id) => id === 'here', instances: { purge } });
    await until(() => asked.length === 5);
    expect([tried, log.lines]).toEqual([['elsewhere'], []]);
  });

  it('goes on behind one that cannot be purged, and tells of it', async () => {
    const asked = start(['a'], { instances: { purge: () => Promise.reject(new Error('no tables')) } });
    await until(() => asked.length === 5);
    expect(log.lines).toMatchObject([{ level: 'warn', fields: { instanceId: 'a', detail: 'no tables' } }]);
  });

  it('tells that the database is away, and stops at once', async () => {
    start([], {
      store: {
        due: () => Promise.reject(new Error('the database is away')),
        purgeArchives: () => Promise.resolve(0),
        purgeHistory: () => Promise.resolve(0),
      },
    });
    await log.until(() => log.lines.length === 1);
    expect(log.lines).toMatchObject([{ level: 'warn', fields: { detail: 'the database is away' } }]);
  });
});
