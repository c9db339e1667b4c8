import type { SenderName } from '../names';
import type { Channel, Sender, Stage } from '../sender';
import { startBullmq } from './bullmq';
import { startGuarded, type Trips } from './guarded';
import { startOrdered, startStraight } from './ordered';
import { startChainedRedlock, startRedlock } from './redlock';

export interface StartOptions {
  /** Of Redlock: between two attempts at a lock. */
  retryDelayMs?: number | undefined;
  /** Of the guard: filled as its trips to servers end. */
  trips?: Trips | undefined;
}

type Start = (stage: Stage, channel: Channel, options: StartOptions) => Sender | Promise<Sender>;

export const START: Readonly<Record<SenderName, Start>> = {
  guarded: startGuarded,
  ordered: (_stage, channel) => startOrdered(channel),
  straight: (_stage, channel) => startStraight(channel),
  redlock: (stage, channel, { retryDelayMs = 20 }) => startRedlock(stage, channel, retryDelayMs),
  chainedRedlock: startChainedRedlock,
  bullmq: startBullmq,
};
