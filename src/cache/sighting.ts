import { AsyncLocalStorage } from 'node:async_hooks';

/** A message that came in, or an update of one. */
export interface Inbound {
  /** The channel that it came in by. */
  channel: object;
  instance: string;
  messageId: string;
  /** The key by which the host remembers that it has seen it. */
  key: string;
  /** Names of the events by which the host hands it on. */
  events: readonly string[];
  /** Whether it counts as processed only if it was handed on; otherwise it may be left out on purpose. */
  needsEvent: boolean;
}

/** The host at an inbound message: seen, and not yet processed. */
export class Sighting {
  /** What the host has set at the key, held back until it is true. */
  mark: { value: unknown; write: () => Promise<void> } | undefined;
  /** Events under way. The host does not wait for them. */
  readonly handedOn: Promise<unknown>[] = [];
  /** Whether the channel has logged an error meanwhile: its handlers swallow what they catch. */
  hasError = false;
  /** Resolves when it is known what came of it. */
  settled: Promise<void> = Promise.resolve();
  private isOver = false;

  constructor(readonly inbound: Inbound) {}

  /** Runs the host's handler. What it leaves behind, such as timers, is no part of it once it has ended. */
  async run(handler: () => unknown): Promise<void> {
    try {
      await sightings.run(this, handler);
    } finally {
      this.isOver = true;
    }
  }

  /** The one that the running code belongs to. */
  static current(): Sighting | undefined {
    const sighting = sightings.getStore();
    return sighting?.isOver ? undefined : sighting;
  }
}

const sightings = new AsyncLocalStorage<Sighting>();
