import type { Log } from '../core/log';
import type { Acknowledge } from './acknowledgements';

/** Methods of a channel by which a message, or a change of one, goes out. All others lead to the first of them. */
export const SEND_METHODS = ['sendMessageWithTyping', 'updateMessage', 'deleteMessage'] as const;
export type SendMethod = (typeof SEND_METHODS)[number];

/** One call of such a method. */
export interface SendCall {
  integration: string;
  method: SendMethod;
  /** The channel instance of the host. */
  channel: object;
  /** As the host passed them. */
  args: unknown[];
}

/** Stands around every send. */
export type SendHandler = (call: SendCall, stock: () => Promise<unknown>) => Promise<unknown>;

export interface SendsJoin {
  handler: SendHandler;
  acknowledge: Acknowledge;
  /** Told of a LID and the number behind it. */
  learnLid: (instance: string, lid: unknown, number: unknown) => void;
  log: Log;
}
