import type { Contender, Stage } from '../contender';
import { payloadOf } from '../event';
import { confirmingPublisher } from '../publisher';

/** The client library alone, 500 confirms outstanding: what the broker takes. Nothing survives the process. */
export async function startBare({ brokerUrl }: Stage): Promise<Contender> {
  const publisher = await confirmingPublisher(brokerUrl);
  return {
    batch: 1,
    outstanding: 500,
    async put(events) {
      for (const event of events) await publisher.publish(payloadOf(event));
    },
    finished: () => Promise.resolve(),
    stop: () => publisher.close(),
  };
}
