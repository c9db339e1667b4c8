import { MemoryLocks, type MemoryLock } from './memory-locks';
import { MemorySends } from './memory-sends';
import { startProcess, type ProcessOptions, type TestProcess } from './send-rig';
import { TestChannel, type Fate } from './test-channel';
import { until } from './until';

/** Two numbers, as callers write them, and the chats that they are. */
export const [A, B] = ['5511988880001', '5511988880002'];
export const [CHAT_A, CHAT_B] = ['551188880001@s.whatsapp.net', '551188880002@s.whatsapp.net'];
/** As the locks know the first of them. */
export const KEY_A = `shop\0${CHAT_A}`;

export const settled = () => new Promise(setImmediate);
export const codeOf = (error: unknown) => (error as { code?: string }).code;
/** '0', '1', ... */
export const texts = (count: number) => Array.from({ length: count }, (_, number) => `${number}`);

/** Processes that guard sends, with journal, locks and channel in memory. */
export class SendBench {
  readonly journal = new MemorySends();
  readonly channel = new TestChannel();
  readonly locks = new MemoryLocks(() => performance.now());
  private readonly processes: TestProcess[] = [];

  async start(options: Partial<ProcessOptions<MemoryLock>> = {}, isLocked = true): Promise<TestProcess> {
    const { journal, channel, locks } = this;
    const process = await startProcess({ store: journal.store, channel, ...(isLocked && { locks }), ...options });
    this.processes.push(process);
    return process;
  }

  /** Lets everything go and ends all processes. */
  async stop(): Promise<void> {
    this.channel.behave = () => undefined;
    await Promise.all(this.processes.map((process) => process.stop()));
  }

  /** Messages with these texts are under way until they are let go of. */
  hold(...held: string[]) {
    let letGo: (fate?: Fate) => void = () => undefined;
    const fate = new Promise<Fate>((resolve) => (letGo = resolve));
    const before = this.channel.behave;
    this.channel.behave = (message) => (held.includes(message.text) ? fate : before(message));
    return { letGo, isAsked: () => this.channel.asked.some(({ text }) => held.includes(text)) };
  }

  untilStates(chat: string, ...states: string[]): Promise<void> {
    const { journal } = this;
    return until(
      () => journal.statesOf(chat).join() === states.join(),
      () => journal.statesOf(chat),
    );
  }

  /** What the channel got of one process, in order. */
  textsBy({ owner }: TestProcess): string[] {
    return this.channel.arrived.filter(({ by }) => by === owner).map(({ text }) => text);
  }
}
