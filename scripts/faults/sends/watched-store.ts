import type { NewSend, SendStore } from '../../../src/stores/send-store';
import type { Step } from './steps';

export interface Watcher {
  /** Told before a send is written for the first time. */
  writing: (send: NewSend) => void;
  /** Told under which fencing token a send is about to be made. */
  begun: (sendId: string, fence: number) => void;
  /** Told behind every step of the journal. */
  passed: (step: Step) => void;
}

/** The journal, with somebody looking on. */
export function watchStore(store: SendStore, { writing, begun, passed }: Watcher): SendStore {
  return {
    ...store,
    async accept(owner, sends) {
      for (const send of sends) writing(send);
      await store.accept(owner, sends);
      passed('accepted');
    },
    async begin(owner, beginnings) {
      for (const { fresh } of beginnings) if (fresh) writing(fresh);
      const answers = await store.begin(owner, beginnings);
      for (const [place, answer] of answers.entries()) {
        if (answer.outcome !== 'begun') continue;
        begun(beginnings[place]?.sendId ?? '', answer.fence);
        passed('begun');
      }
      return answers;
    },
    async finish(owner, outcomes) {
      await store.finish(owner, outcomes);
      if (outcomes.some(({ state }) => state === 'sent')) passed('finished');
    },
  };
}
