import type { AdoptedSend, Beginning, Begun, NewSend, SendState, SendStore } from '../../src/stores/send-store';

export interface MemorySend extends NewSend {
  seq: number;
  owner: string;
  state: SendState;
  attempts: number;
  error?: string;
}

type Method = keyof SendStore;

/** A journal in memory, with the rules of the real ones, that can fail and lose its answers. */
export class MemorySends {
  readonly sends: MemorySend[] = [];
  /** What was asked, in order. */
  readonly asked: Method[] = [];
  /** Called before each statement: what it throws is the failure of the database. */
  before: (method: Method) => void | Promise<void> = () => undefined;
  /** Called when it is done: what it throws means that the answer was lost. */
  after: (method: Method) => void | Promise<void> = () => undefined;
  private readonly workers = new Set<string>();
  private readonly holders = new Map<string, { owner: string; fence: number }>();

  find(sendId: string | undefined): MemorySend | undefined {
    return this.sends.find((send) => send.sendId === sendId);
  }

  /** In the order of acceptance, which ids tell. */
  sendsOf(chat: string): MemorySend[] {
    return this.sends.filter((send) => send.chat === chat).sort((a, b) => (a.sendId < b.sendId ? -1 : 1));
  }

  statesOf(chat: string): SendState[] {
    return this.sendsOf(chat).map(({ state }) => state);
  }

  /** Writes sends as a process has left them that is gone. */
  leave(owner: string, sends: readonly (NewSend & { state?: SendState })[]): void {
    for (const send of sends) this.write(owner, send, send.state ?? 'accepted');
  }

  readonly store = {
    enlist: (owner) => this.answer('enlist', () => void this.workers.add(owner)),
    resign: (owner) => this.answer('resign', () => void this.workers.delete(owner)),
    accept: (owner, sends) =>
      this.answer('accept', () =>
        sends.forEach((send) => this.find(send.sendId) ?? this.write(owner, send, 'accepted')),
      ),
    begin: (owner, all) => this.answer('begin', () => all.map((each) => this.begin(owner, each))),
    finish: (owner, outcomes) =>
      this.answer('finish', () => {
        for (const { sendId, ...outcome } of outcomes) {
          const send = this.find(sendId);
          if (send?.owner === owner && isOpen(send)) Object.assign(send, outcome);
        }
      }),
    acknowledge: (all) =>
      this.answer('acknowledge', () =>
        all.flatMap(({ sendId, messageId, state }) => {
          const send = this.sends.find((each) => each.sendId === sendId || each.messageId === messageId);
          return send ? [Object.assign(send, { state })] : [];
        }),
      ),
    adopt: (_owner, ticket, instances, limit) =>
      this.answer('adopt', () => {
        const left = this.sends.filter((send) => isOpen(send) && !this.workers.has(send.owner));
        const adopted = left.filter(({ instance }) => instances.includes(instance)).slice(0, limit);
        return adopted.map((send) => ({ ...Object.assign(send, { owner: ticket }) }) as unknown as AdoptedSend);
      }),
    keep: (owner, ticket, ids) =>
      this.answer('keep', () => {
        const own = this.sends.filter((send) => ids.includes(send.sendId) && [owner, ticket].includes(send.owner));
        return own.map((send) => Object.assign(send, { owner }).sendId);
      }),
    pending: () => this.answer('pending', () => ({ count: 0, oldest: [] })),
    summary: () => this.answer('summary', () => ({ accepted: 0, sending: 0, unknown: 0 })),
    purge: () => this.answer('purge', () => 0),
  } as Partial<SendStore> as SendStore;

  private begin(owner: string, { sendId, instance, chat, place, fresh }: Beginning): Begun {
    const known = this.find(sendId);
    const key = `${instance}\0${chat}`;
    const holder = this.holders.get(key);
    if (known ? known.owner !== owner || !isOpen(known) : !fresh) return { outcome: 'lost' };
    const open = this.sends.filter((send) => send.instance === instance && send.chat === chat && isOpen(send));
    const oldest = open.find((send) => send.owner === owner)?.seq;
    const before = { next: oldest, ahead: known?.seq, between: 0 }[place] ?? Infinity;
    const isBehind = open.some((send) => send.owner !== owner && (send.state === 'sending' || send.seq < before));
    if (isBehind) return { outcome: 'behind' };
    const fence = (holder?.fence ?? 0) + (holder?.owner === owner ? 0 : 1);
    this.holders.set(key, { owner, fence });
    const send = known ?? this.write(owner, fresh as NewSend, 'sending');
    Object.assign(send, { state: 'sending', attempts: send.attempts + 1 });
    return { outcome: 'begun', fence };
  }

  private write(owner: string, send: NewSend, state: SendState): MemorySend {
    const written = { ...send, owner, state, attempts: 0, seq: this.sends.length + 1 };
    this.sends.push(written);
    return written;
  }

  private async answer<T>(method: Method, work: () => T): Promise<T> {
    this.asked.push(method);
    await this.before(method);
    await new Promise(setImmediate);
    const answer = work();
    await this.after(method);
    return answer;
  }
}

const isOpen = ({ state }: { state: SendState }) => state === 'accepted' || state === 'sending';
