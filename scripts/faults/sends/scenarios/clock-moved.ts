import { setTimeout as sleep } from 'node:timers/promises';
import { Hosts } from '../hosts';
import type { Scenario } from '../scenario';

const HOUR_MS = 3_600_000;
const STAY_MS = 1_500;

/** The wall clock of one of two processes is an hour ahead, right, an hour behind, right again, and so on. */
export const clockMoved = (rounds = 2): Scenario => ({
  name: 'clock-moved',
  database: 'postgres',
  weight: 1,
  chats: 10,
  mostTypingMs: 100,
  alsoStock: false,
  async run(stage) {
    const hosts = await Hosts.start(stage, 2);
    const shifts = Array.from({ length: rounds }, () => [HOUR_MS, 0, -HOUR_MS, 0]).flat();
    await hosts.sendAround((shifts.length * STAY_MS) / 1000, async () => {
      for (const [place, shift] of shifts.entries()) {
        hosts.at(Math.floor(place / 4)).shiftClock(shift);
        await sleep(STAY_MS);
      }
    });
  },
});
