import { setTimeout as sleep } from 'node:timers/promises';
import type { Scenario } from '../scenario';

const KILLS = 20;
/** The database is away when these processes are killed, so that the next ones find a spill file. */
const WITHOUT_DATABASE = [7, 14];
const PER_SECOND = 500;
const SHORT_MS = 2_500;

/**
 * Every other process lives for a random time, often too short to deliver anything: the leases of the one before run
 * out only after 7 s. The others are killed while they deliver what has piled up.
 */
export const hostKill: Scenario = {
  name: 'host-kill',
  database: 'postgres',
  weight: 3,
  async run({ events, database, arrivals, host: startHost, note }) {
    const host = await startHost();
    for (let kill = 1; kill <= KILLS; kill += 1) {
      host.emit(Math.floor((events * kill) / (KILLS + 1)), PER_SECOND);
      const without = WITHOUT_DATABASE.includes(kill);
      if (without) await database.kill();
      if (kill % 2 === 0 && !without) await arrivals.next();
      await sleep(Math.random() * (kill % 2 === 0 ? 100 : SHORT_MS));
      await host.kill();
      const started = host.start();
      if (without) await database.restart();
      await started;
    }
    host.emit(events, PER_SECOND);
    await host.untilAcknowledged(events);
    note(`${KILLS} kills; ${host.abandoned.size} events were not acknowledged when their process was killed`);
  },
};
