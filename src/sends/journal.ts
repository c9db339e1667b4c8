import { Batcher } from '../core/batcher';
import type { Beginning, Begun, NewSend, SendOutcome, SendStore } from '../stores/send-store';

type JournalStore = Pick<SendStore, 'accept' | 'begin' | 'finish'>;

/** Of one trip. Bodies of a few kilobytes each keep a statement far below a megabyte. */
const BATCH_SENDS = 100;

/** Writes the journal: sends that come together share a trip to the database. */
export class Journal {
  private readonly accepting: Batcher<NewSend, undefined>;
  private readonly beginning: Batcher<Beginning, Begun>;
  private readonly finishing: Batcher<SendOutcome, undefined>;

  constructor(store: JournalStore, owner: string) {
    const limits = { items: BATCH_SENDS, concurrent: 1 };
    this.accepting = new Batcher(async (sends) => {
      await store.accept(owner, sends);
      return sends.map(() => undefined);
    }, limits);
    this.beginning = new Batcher((beginnings) => store.begin(owner, beginnings), limits);
    this.finishing = new Batcher(async (outcomes) => {
      await store.finish(owner, outcomes);
      return outcomes.map(() => undefined);
    }, limits);
  }

  /** Resolves when it is durable. @throws errors of the database as they come. */
  accept(send: NewSend): Promise<void> {
    return this.accepting.add(send);
  }

  /** Resolves when it is durable. @throws as accept does. */
  begin(beginning: Beginning): Promise<Begun> {
    return this.beginning.add(beginning);
  }

  /** @throws as accept does. */
  finish(outcome: SendOutcome): Promise<void> {
    return this.finishing.add(outcome);
  }
}
