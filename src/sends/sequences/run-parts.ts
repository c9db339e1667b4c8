import type { Random } from '../../core/backoff';
import type { Clock } from '../../core/clock';
import type { ErrorCode } from '../../core/error-registry';
import type { Log } from '../../core/log';
import type { Metrics } from '../../metrics/metrics';
import type { AdoptedSend, SendStore } from '../../stores/send-store';
import type { SequenceStore } from '../../stores/sequence-store';
import type { Turn } from '../turn';
import type { SendStep } from './definition';
import type { Ears } from './ears';
import type { HttpClient } from './http-client';

/** The host's own sends, by the names of their routes. */
export interface HostSends {
  /** What the host would say of a message before it sends it; nothing if it can be sent. */
  mistakes(send: SendStep['send'], to: { number: string; chat: string }): readonly string[];
  /** Sends a message. @returns what the host's route would answer. */
  send(instance: string, number: string, send: SendStep['send']): Promise<unknown>;
}

/** A sequence that this process has. */
export interface Work {
  readonly id: string;
  readonly instance: string;
  readonly chat: string;
  /** Of the chat in this process. */
  readonly key: string;
  readonly isHigh: boolean;
  readonly cancelling: AbortController;
  /** Of the step that is under way, where that sends. */
  sendId: string | undefined;
  /** Sends that were taken over together with it: its own, and what comes after it. */
  left: AdoptedSend[];
}

/** What running a sequence needs. */
export interface RunParts {
  store: Pick<SequenceStore, 'begin' | 'progress' | 'end'>;
  journal: Pick<SendStore, 'find'>;
  owner: string;
  host: Pick<HostSends, 'send'>;
  http: Pick<HttpClient, 'request'>;
  ears: Ears;
  /** Makes what was taken over in a chat and goes first there. Its turn is the caller's. */
  settle: (key: string) => Promise<void>;
  /** Waits until no other process sends in a chat. Its turn is the caller's. */
  hold: (key: string, signal: AbortSignal) => Promise<unknown>;
  /** Lets another process send in a chat. */
  letGo: (key: string) => void;
  /** Makes a send that was taken over. Its chat's turn is the caller's. @returns what it failed with. */
  makeAgain: (send: AdoptedSend, key: string) => Promise<unknown>;
  clock: Clock;
  random: Random;
  log: Log;
  metrics: Pick<Metrics, 'sequencesEnded' | 'sequencesRunning' | 'sequenceStepSeconds'>;
}

/** What one attempt of a step came to. */
export type StepEnd =
  | { kind: 'done'; messageId?: string; httpStatus?: number }
  /** Nothing was done, for want of a server that is needed: it does not count. */
  | { kind: 'away'; detail: string }
  | {
      kind: 'failed';
      code: ErrorCode;
      detail: string;
      /** Whether another attempt could have more success. */
      mayRepeat: boolean;
      /** As the receiver asks for. */
      afterMs?: number | undefined;
      httpStatus?: number;
    };

/** The right to run a sequence's steps: its work, and the turn of its chat. */
export interface Running {
  work: Work;
  turn: Turn;
}
