import { backoffMs, type Random } from '../core/backoff';
import { Batcher } from '../core/batcher';
import type { Clock } from '../core/clock';
import { describe, GuardError } from '../core/errors';
import { sleep } from '../core/sleep';
import type { EndedRequest, IdempotencyStore, KnownRequest, NewRequest, RequestRun } from '../stores/idempotency-store';

export interface IdempotencyBatchesOptions {
  store: Pick<IdempotencyStore, 'begin' | 'end' | 'forget'>;
  owner: string;
  /** For so long a request waits for a database that does not answer. */
  retryMs: number;
  clock: Clock;
  random: Random;
}

/** Of one trip: answers of a megabyte each may come back. */
const BATCH_REQUESTS = 50;
const [FIRST_RETRY_MS, MOST_RETRY_MS] = [50, 5_000];

/** Requests that come together share a trip to the database. */
export class IdempotencyBatches {
  private readonly beginning: Batcher<NewRequest, KnownRequest | undefined>;
  private readonly ending: Batcher<EndedRequest, undefined>;
  private readonly forgetting: Batcher<RequestRun, undefined>;
  private failingSince: number | undefined;

  /** @param signal ends waiting for the database. */
  constructor(
    private readonly options: IdempotencyBatchesOptions,
    private readonly signal: AbortSignal,
  ) {
    const { store } = options;
    const limits = { items: BATCH_REQUESTS, concurrent: 1 };
    const idOf = ({ requestId }: { requestId: string }) => requestId;
    // One batch at a time also keeps requests in the order in which they came.
    this.beginning = new Batcher<NewRequest, KnownRequest | undefined>((all) => this.beginAll(all), limits, idOf);
    this.ending = new Batcher<EndedRequest, undefined>(
      (all) => store.end(all).then(() => all.map(() => undefined)),
      limits,
      idOf,
    );
    this.forgetting = new Batcher<RequestRun, undefined>(
      (all) => store.forget(all).then(() => all.map(() => undefined)),
      limits,
      idOf,
    );
  }

  /** See IdempotencyStore.begin. @throws GuardError GUARD_SENDS_JOURNAL_DOWN after some patience. */
  begin(request: NewRequest): Promise<KnownRequest | undefined> {
    return this.beginning.add(request);
  }

  /** Resolves when it is durable. @throws errors of the database as they come. */
  end(answer: EndedRequest): Promise<void> {
    return this.ending.add(answer);
  }

  /** @throws as end does. */
  forget(run: RequestRun): Promise<void> {
    return this.forgetting.add(run);
  }

  /** The time is counted from the first failure of all: those that come later do not wait as long again. */
  private async beginAll(requests: readonly NewRequest[]): Promise<(KnownRequest | undefined)[]> {
    const { store, owner, retryMs, clock, random } = this.options;
    for (let attempt = 0; ; attempt += 1) {
      try {
        const known = await store.begin(owner, requests);
        this.failingSince = undefined;
        return known;
      } catch (cause) {
        this.failingSince ??= clock.monotonic();
        if (this.signal.aborted || clock.monotonic() - this.failingSince >= retryMs) {
          throw new GuardError('GUARD_SENDS_JOURNAL_DOWN', `${describe(cause)}.`, { cause });
        }
        await sleep(backoffMs(attempt, random, FIRST_RETRY_MS, MOST_RETRY_MS), this.signal);
      }
    }
  }
}
