import { describe } from '../core/errors';
import type { Log } from '../core/log';
import { Sighting, type Inbound } from './sighting';

/** What the host is at of its inbound messages, and what comes of each. */
export class InboundWork {
  /** The last one of each key, until it is settled. */
  private readonly atWork = new Map<string, Sighting>();

  constructor(private readonly log: Pick<Log, 'warn'>) {}

  /**
   * Runs the host's handler for one message. Where the same message is at work already, it runs after that, and nobody
   * waits: handing on can take as long as the host's webhooks are tried, and other messages are not to stand behind it.
   *
   * @returns the end of the handler, which may reject.
   */
  handle(inbound: Inbound, handler: () => unknown): Promise<void> {
    const sighting = new Sighting(inbound);
    const former = this.atWork.get(inbound.key);
    this.atWork.set(inbound.key, sighting);
    const ended = former ? former.settled.then(() => sighting.run(handler)) : sighting.run(handler);
    sighting.settled = ended.then(
      () => this.settle(sighting, false),
      () => this.settle(sighting, true),
    );
    return former ? Promise.resolve() : ended;
  }

  private async settle(sighting: Sighting, hasThrown: boolean): Promise<void> {
    const { inbound, mark, handedOn } = sighting;
    const { key, instance, messageId, needsEvent } = inbound;
    if (hasThrown || (await hasFailed(sighting))) {
      this.log.warn(
        { instance, messageId },
        'processing an inbound message failed: it is let through if it comes again',
      );
    } else if (mark && (!needsEvent || handedOn.length > 0)) {
      await mark.write().catch((error: unknown) => {
        const detail = { instance, messageId, reason: describe(error) };
        this.log.warn(
          detail,
          'an inbound message could not be marked as processed: it is let through if it comes again',
        );
      });
    }
    if (this.atWork.get(key) === sighting) this.atWork.delete(key);
  }
}

/** Errors that are logged before an event is handed on are of media, and the host goes on without them. */
async function hasFailed({ handedOn, hasError }: Sighting): Promise<boolean> {
  if (handedOn.length === 0) return hasError;
  const events = await Promise.allSettled(handedOn);
  return events.some(({ status }) => status === 'rejected');
}
