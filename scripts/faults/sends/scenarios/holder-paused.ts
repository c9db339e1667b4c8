import { setTimeout as sleep } from 'node:timers/promises';
import { Hosts } from '../hosts';
import { LEASE_MS } from '../run-scenario';
import type { Scenario, Stage } from '../scenario';
import type { SendingHost } from '../sending-host';

const COMMON = { database: 'postgres', chats: 20, mostTypingMs: 1_000, alsoStock: false } as const;
const CYCLE_SECONDS = 6;
/** So long the other process has its way, before and after the stopped one goes on. */
const OTHERS_MS = 1_000;
/** Processes that have been silent for that long count as gone: EXPIRY_MS of src/sends/recovery.ts. */
const EXPIRY_MS = 15_000;
const LOOK_MS = 50;
/** It stops right behind one of so many sends that it was about to make. */
const MOST_STEPS = 10;
const HOUR_MS = 3_600_000;

const someSteps = () => 1 + Math.floor(Math.random() * MOST_STEPS);

/**
 * A process is stopped with SIGSTOP while it has chats, and goes on when its locks have long run out. Another sends to the
 * same chats. The journal still knows what the stopped one was about to send, so those chats wait.
 */
export const holderPaused = (cycles = 4): Scenario => ({
  ...COMMON,
  name: 'holder-paused',
  weight: 1.5,
  async run(stage) {
    const hosts = await Hosts.start(stage, 2);
    await hosts.sendAround(cycles * CYCLE_SECONDS, async () => {
      for (let cycle = 0; cycle < cycles; cycle += 1) {
        await hosts.at(cycle).pauseAt('begun', someSteps());
        await sleep(LEASE_MS + OTHERS_MS);
        hosts.at(cycle).resume();
        await sleep(OTHERS_MS);
      }
    });
  },
});

/** The same for so long that the other process takes over what the stopped one has left; then that goes on. */
export const holderAdopted = (cycles = 2): Scenario => ({
  ...COMMON,
  name: 'holder-adopted',
  weight: 1.5,
  run: (stage) => adoptAgain(stage, cycles, EXPIRY_MS / 1000 + CYCLE_SECONDS, untilAdopted, 0),
});

/**
 * The same again, and meanwhile the wall clock of the stopped process is set back by an hour. It is taken off the list at
 * once, instead of 15 s after its last word.
 */
export const clockSetBack = (cycles = 2): Scenario => ({
  ...COMMON,
  name: 'clock-set-back',
  weight: 0.5,
  run: (stage) =>
    adoptAgain(
      stage,
      cycles,
      CYCLE_SECONDS,
      async (paused) => {
        await stage.bury(paused);
        await untilAdopted(paused, stage);
      },
      -HOUR_MS,
    ),
});

async function adoptAgain(
  stage: Stage,
  cycles: number,
  secondsEach: number,
  adopted: (paused: SendingHost, stage: Stage) => Promise<void>,
  shiftMs: number,
): Promise<void> {
  const hosts = await Hosts.start(stage, 2);
  await hosts.sendAround(cycles * secondsEach, async () => {
    for (let cycle = 0; cycle < cycles; cycle += 1) {
      const paused = hosts.at(cycle);
      await paused.pauseAt('begun', someSteps(), shiftMs);
      const since = performance.now();
      await sleep(LEASE_MS + OTHERS_MS / 2);
      await adopted(paused, stage);
      stage.note(`all was taken over ${((performance.now() - since) / 1000).toFixed(1)} s after the stop`);
      await sleep(OTHERS_MS);
      paused.resume();
      await sleep(OTHERS_MS);
    }
  });
}

/** Resolves when nothing is open that is that process's. */
async function untilAdopted({ owner }: SendingHost, { journal }: Stage): Promise<void> {
  for (const end = Date.now() + 2 * EXPIRY_MS; Date.now() < end; await sleep(LOOK_MS)) {
    const open = await journal.list({ states: ['accepted', 'sending'] }, Number.MAX_SAFE_INTEGER, 1_000);
    if (!open.some((send) => send.owner === owner)) return;
  }
  throw new Error('sends of a stopped process were not taken over');
}
