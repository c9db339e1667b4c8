import { setTimeout as sleep } from 'node:timers/promises';
import type { Scenario } from '../scenario';

const KILLS = 20;
/** Those before which the database goes away, so that events are in the spill file. */
const WITHOUT_DATABASE = [7, 14];
/** Those behind them, while the next process starts and takes up that file. */
const AT_START = [8, 15];
const PER_SECOND = 500;
const LIFE_MS = 2_500;
const DELIVERING_MS = 100;
const START_MS = 2_000;

/**
 * Every other process lives for a random time, often too short to deliver anything: the leases of the one before run out
 * only after 7 s. The others are killed while they deliver what has piled up.
 */
export const hostKill: Scenario = {
  name: 'host-kill',
  database: 'postgres',
  weight: 3,
  async run({ events, database, arrivals, host: startHost, note }) {
    const host = await startHost();
    for (let kill = 1; kill <= KILLS; kill += 1) {
      if (AT_START.includes(kill)) {
        const started = host.start().catch(() => undefined); // it is killed before it is ready
        await sleep(Math.random() * START_MS);
        await host.kill();
        await started;
        continue;
      }
      if (kill > 1) await host.start();
      host.emit(Math.floor((events * kill) / (KILLS + 1)), PER_SECOND);
      const isAway = WITHOUT_DATABASE.includes(kill);
      if (isAway) {
        // A process that has never read the host's settings could not tell where its events are to go.
        await host.untilAcknowledged(host.acknowledged.size + 1);
        await database.kill();
      } else if (kill % 2 === 0) await arrivals.next();
      await sleep(Math.random() * (isAway || kill % 2 === 1 ? LIFE_MS : DELIVERING_MS));
      await host.kill();
      if (isAway) await database.restart();
    }
    await host.start();
    host.emit(events, PER_SECOND);
    await host.untilAcknowledged(events);
    note(`${KILLS} kills; ${host.abandoned.size} events were not acknowledged when their process was killed`);
  },
};
