import { setTimeout as sleep } from 'node:timers/promises';
import type { Session } from '../database-server';
import type { Host } from '../host';
import type { Scenario } from '../scenario';

const KILLS = 4;
const SECONDS_PER_KILL = 14;
const PARTITIONS = 64;

/**
 * Two hosts on one outbox, each with chats of its own and with half of the partitions: so half of what one emits is
 * delivered by the other. They are killed in turns; what the other takes over is delivered by it, also of chats that the
 * dead one emitted to.
 */
export const twoHosts: Scenario = {
  name: 'two-hosts',
  database: 'postgres',
  weight: 2,
  async run({ events, database, databaseUrl, host: startHost, note }) {
    const hosts = await Promise.all([startHost({ stream: 'a' }), startHost({ stream: 'b' })]);
    const shares = [Math.ceil(events / 2), Math.floor(events / 2)];
    const session = await database.open(databaseUrl);
    const moves: number[] = [];
    for (let kill = 0; kill < KILLS; kill += 1) {
      await untilShared(session, 2);
      for (const [index, host] of hosts.entries()) {
        const share = ((shares[index] ?? 0) * (kill + 1)) / (KILLS + 1);
        host.emit(Math.floor(share), share / (kill + 1) / SECONDS_PER_KILL);
      }
      await sleep(1_000 + Math.random() * 1_000);
      const killed = hosts[kill % 2] as Host;
      await killed.kill();
      const since = Date.now();
      await untilShared(session, 1);
      moves.push((Date.now() - since) / 1000);
      await killed.start();
    }
    await untilShared(session, 2);
    for (const [index, host] of hosts.entries()) host.emit(shares[index] ?? 0, 1_000);
    for (const [index, host] of hosts.entries()) await host.untilAcknowledged(shares[index] ?? 0);
    await session.end();
    const most = Math.max(...moves);
    note(`all partitions of a killed host were with the other after at most ${most.toFixed(1)} s (${KILLS} kills)`);
    if (most > 10) throw new Error(`partitions took ${most} s to move`);
  },
};

/** Resolves when all partitions are held, by so many processes that live. */
async function untilShared(session: Session, owners: number): Promise<void> {
  for (;;) {
    const [row] = await session.query<{ held: string; owners: string }>(
      `SELECT count(*) AS held, count(DISTINCT owner) AS owners FROM evolution_guard.relay_lease
       WHERE owner IS NOT NULL AND expires_at > now()`,
    );
    if (Number(row?.held) === PARTITIONS && Number(row?.owners) === owners) return;
    await sleep(50);
  }
}
