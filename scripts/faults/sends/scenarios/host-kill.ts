import { setTimeout as sleep } from 'node:timers/promises';
import { Hosts } from '../hosts';
import type { Scenario } from '../scenario';
import { STEPS } from '../steps';

const COMMON = { database: 'postgres', chats: 10, mostTypingMs: 60, alsoStock: true } as const;
/** Behind so many sends that have taken the step a process ends. */
const MOST_STEPS = 8;
const LIFE_MS = 1_500;
const PER_SECOND = 300;

/**
 * A host is killed with SIGKILL behind each step of a send: written as accepted, written as being sent, handed to the
 * socket, answered, written as sent. The next process finishes what it left.
 */
export const hostKill = (rounds = 5, database: Scenario['database'] = 'postgres'): Scenario => ({
  ...COMMON,
  name: database === 'postgres' ? 'host-kill' : 'mariadb-host-kill',
  database,
  weight: database === 'postgres' ? 2 : 0.5,
  async run({ sends, host: startHost, bury, note }) {
    const deaths = Array.from({ length: rounds }, () => STEPS).flat();
    const host = await startHost();
    let onStep = 0;
    for (const [place, step] of deaths.entries()) {
      if (place > 0) await host.start();
      host.dieAt(step, 1 + Math.floor(Math.random() * MOST_STEPS));
      host.send(Math.floor((sends * (place + 1)) / (deaths.length + 1)), PER_SECOND);
      // Where too few sends take that step, it dies a little later, when nothing happens.
      onStep += await Promise.race([host.untilDead().then(() => 1), sleep(LIFE_MS, 0)]);
      await host.kill();
      await bury(host);
    }
    await host.start();
    host.send(sends, PER_SECOND);
    note(`${deaths.length} kills, ${onStep} of them right behind a step: ${STEPS.join(', ')}`);
  },
});

/** One of three hosts that send to the same chats is killed, and the others finish what it left, without being told. */
export const hostKillBeside = (kills = 2): Scenario => ({
  ...COMMON,
  name: 'kill-beside',
  weight: 1,
  alsoStock: false,
  async run(stage) {
    const hosts = await Hosts.start(stage, 3);
    await hosts.sendAround(kills * 22, async () => {
      for (let kill = 0; kill < kills; kill += 1) {
        const killed = hosts.at(kill);
        killed.dieAt('begun', 1 + Math.floor(Math.random() * MOST_STEPS));
        await killed.untilDead();
        await sleep(20_000);
        await killed.start();
        await sleep(1_000);
      }
    });
  },
});
