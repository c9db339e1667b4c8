import type { Attempt, Contact } from '../../src/sends/attempt';
import { until } from './until';

export interface TestMessage {
  number: string;
  text: string;
  /** The process that brought it. */
  by: string;
  messageId: string | undefined;
}

/** How a message fares; nothing: it is taken. */
export type Fate = Contact | undefined;

/** WhatsApp, as sends know it: takes messages, refuses them, and notices two that are under way in one chat. */
export class TestChannel {
  /** Messages that people see, in order. */
  readonly arrived: TestMessage[] = [];
  /** Attempts, those that came to nothing included. */
  readonly asked: TestMessage[] = [];
  /** Chats in which a message came while another was under way. */
  readonly collisions: string[] = [];
  /** What a channel does before its socket: typing, look-ups. */
  typing: (message: TestMessage) => void | Promise<void> = () => undefined;
  behave: (message: TestMessage) => Fate | Promise<Fate> = () => undefined;
  private readonly underWay = new Map<string, number>();

  textsOf(number: string): string[] {
    return this.arrived.filter((message) => message.number === number).map(({ text }) => text);
  }

  untilArrived(count: number): Promise<void> {
    return until(
      () => this.arrived.length >= count,
      () => this.arrived,
    );
  }

  /** What the host's own send does at its socket. Throws as the host does. */
  async take(attempt: Attempt, message: TestMessage): Promise<unknown> {
    attempt.leave();
    const { number } = message;
    if (this.underWay.get(number)) this.collisions.push(number);
    this.underWay.set(number, (this.underWay.get(number) ?? 0) + 1);
    this.asked.push(message);
    try {
      const fate = await this.behave(message);
      if (fate) attempt.contact = fate;
      if (!fate || fate.kind === 'taken' || fate.kind === 'unanswered') this.arrived.push(message);
      if (fate && fate.kind !== 'taken') throwAsHost('detail' in fate ? fate.detail : fate.kind);
      const messageId = message.messageId ?? `wamid.${this.arrived.length}`;
      attempt.contact = { kind: 'taken', messageId };
      return { key: { id: messageId }, text: message.text };
    } finally {
      this.underWay.set(number, (this.underWay.get(number) ?? 0) - 1);
    }
  }
}

/** What the host throws where its own send has failed: no Error. */
export const hostError = (...message: unknown[]) => ({ status: 400, error: 'Bad Request', message });

export function throwAsHost(...message: unknown[]): never {
  // eslint-disable-next-line @typescript-eslint/only-throw-error -- the host throws no Error there
  throw hostError(...message);
}
