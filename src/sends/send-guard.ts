import { v7 as uuidv7 } from 'uuid';
import type { Clock } from '../core/clock';
import { GuardError } from '../core/errors';
import type { Metrics } from '../metrics/metrics';
import type { NewSend } from '../stores/send-store';
import { ChatQueues, type QueueLimits } from './chat-queues';
import type { HeadStart } from './head-start';
import type { SendMaker } from './send-maker';
import { chatKey, type SendRequest } from './send-request';
import { currentSurroundings, inSurroundings, Turn, type Surroundings } from './turn';

export interface SendGuardOptions {
  headStart: Pick<HeadStart, 'accept'>;
  maker: SendMaker;
  limits: QueueLimits;
  maxTextCharacters: number;
  /** The chat that a number, as a caller wrote it, is in. */
  chatOf: (instance: string, number: unknown) => string | undefined;
  /** Called when a chat has no work left in this process. */
  emptied: (key: string) => void;
  clock: Clock;
  metrics: Pick<Metrics, 'sendsRefused' | 'sendsWaiting' | 'sendsWait'>;
}

/** Puts every send into the queue of its chat, and into the journal before it waits. */
export class SendGuard {
  private readonly queues: ChatQueues;

  constructor(private readonly options: SendGuardOptions) {
    this.queues = new ChatQueues(options.limits, options.emptied, (places) => options.metrics.sendsWaiting.set(places));
  }

  /** Sends of this process that wait or are being made. */
  get size(): number {
    return this.queues.size;
  }

  /** Whether anything waits or is being made in a chat. */
  isBusy(instance: string, chat: string): boolean {
    return this.queues.depth(chatKey(instance, chat)) > 0;
  }

  /**
   * Takes the place in a chat's queue that a piece of work will send from, ahead of what is asked for later.
   *
   * @param isSingle whether the chat goes to the next one after the first send.
   * @throws GuardError GUARD_SENDS_FULL
   */
  openTurn(instance: string, chat: string, { isSingle = false, isHigh = false, isOwed = false } = {}): Turn {
    const key = chatKey(instance, chat);
    try {
      const turn = new Turn(key, this.queues.enter(key, { isHigh, isOwed }), isSingle ? uuidv7() : undefined);
      return turn;
    } catch (error) {
      this.refused(error);
      throw error;
    }
  }

  /**
   * Makes a send when its turn has come.
   *
   * @returns what the host's own method returns.
   * @throws what it throws; GuardError GUARD_SENDS_CHAT, GUARD_SENDS_TEXT_TOO_LONG, GUARD_SENDS_FULL and those of SendMaker.
   */
  async send(request: SendRequest): Promise<unknown> {
    const around = currentSurroundings();
    const send = this.describe(request, around);
    const key = chatKey(send.instance, send.chat);
    around?.accepted?.(send.sendId);
    const make = (isJournalled: boolean) => {
      const within = { key, isUnderWay: true };
      const inside = { ...around, caller: send.caller, isHigh: around?.isHigh === true, within, resumed: undefined };
      const work = () => this.options.maker.make(key, send, request, isJournalled);
      return inSurroundings(inside, work).finally(() => (within.isUnderWay = false));
    };
    // What a send sends itself must not wait for that send's end.
    if (around?.within?.isUnderWay && around.within.key === key) {
      return make(around.resumed !== undefined);
    }
    return this.inTurn(key, send, around, make);
  }

  private async inTurn(
    key: string,
    send: NewSend,
    around: Surroundings | undefined,
    make: (isJournalled: boolean) => Promise<unknown>,
  ): Promise<unknown> {
    const { headStart, clock, metrics } = this.options;
    const since = clock.monotonic();
    const isOwed = around?.resumed !== undefined;
    const options = { isSingle: true, isHigh: around?.isHigh === true, isOwed };
    const turn = turnOf(key, around) ?? this.openTurn(send.instance, send.chat, options);
    // Who waits is in the journal; who need not is written there when it begins, in one trip.
    const accepted = isOwed || turn.isFree ? undefined : headStart.accept(key, send).then(...wasDone);
    return turn.run(async () => {
      metrics.sendsWait.observe((clock.monotonic() - since) / 1000);
      return make(isOwed || (await accepted) === true);
    });
  }

  private describe(request: SendRequest, around: Surroundings | undefined): NewSend {
    const { instance, integration, kind, messageId, body, textLength } = request;
    if (around?.resumed) {
      const { body: kept, ...send } = around.resumed;
      return kept ? { ...send, body: kept } : send;
    }
    const chat = this.options.chatOf(instance, request.number);
    try {
      if (chat === undefined) throw new GuardError('GUARD_SENDS_CHAT', `It was ${kindOf(request.number)}.`);
      const most = this.options.maxTextCharacters;
      if (textLength > most) {
        throw new GuardError('GUARD_SENDS_TEXT_TOO_LONG', `It has ${textLength} characters, ${most} are allowed.`);
      }
      return {
        sendId: turnOf(chatKey(instance, chat), around)?.sendId ?? around?.sendId?.() ?? uuidv7(),
        instance,
        chat,
        integration,
        kind,
        caller: around?.caller ?? 'host',
        ...(messageId !== undefined && { messageId }),
        ...(body && { body }),
        ...(around?.requestId !== undefined && { requestId: around.requestId }),
        acceptedAt: this.options.clock.now(),
      };
    } catch (error) {
      this.refused(error);
      throw error;
    }
  }

  private refused(error: unknown): void {
    if (error instanceof GuardError) this.options.metrics.sendsRefused.inc({ code: error.code });
  }
}

/** The turn that the work around has, or opens with its first send. */
function turnOf(key: string, around: Surroundings | undefined): Turn | undefined {
  if (around?.turn?.key === key && around.turn.isOpen) return around.turn;
  const together = around?.together;
  if (together?.key !== key || together.isOver) return undefined;
  return (together.turn ??= together.open());
}

/** Whether it was done; that it was not is seen to by whoever makes the send. */
const wasDone = [() => true, () => false] as const;

/** What was given instead of a chat, without its text: it may be anything. */
function kindOf(number: unknown): string {
  if (Array.isArray(number)) return 'a list';
  if (typeof number !== 'string') return typeof number;
  return number.trim() === '' ? 'empty' : 'text that is neither a number nor a JID';
}
