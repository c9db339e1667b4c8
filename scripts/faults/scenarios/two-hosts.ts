import { setTimeout as sleep } from 'node:timers/promises';
import type { Session } from '../database-server';
import type { Host } from '../host';
import type { Scenario } from '../scenario';

const PARTITIONS = 64;
const MOST_SECONDS = 10;
/** From the start of a round until the killed host is back, about. */
const ROUND_SECONDS = 12;
const BURST_PER_SECOND = 1_000;

/**
 * Two hosts on one outbox, each with chats of its own and with half of the partitions: so half of what one emits is
 * delivered by the other. They are killed in turns. The other takes over all partitions, and gives half of them back when
 * the killed one is there again, while both emit as fast as they can.
 */
export const twoHosts = (kills = 4): Scenario => ({
  name: 'two-hosts',
  database: 'postgres',
  weight: 2,
  async run({ events, database, databaseUrl, host: startHost, note }) {
    const [a, b] = await Promise.all([startHost({ stream: 'a' }), startHost({ stream: 'b' })]);
    const shares = new Map([
      [a, Math.ceil(events / 2)],
      [b, Math.floor(events / 2)],
    ]);
    const session = await database.open(databaseUrl);
    /** Both, up to that part of their events. */
    const emit = (part: number, seconds?: number) => {
      for (const [host, share] of shares) {
        const wanted = Math.floor(share * part);
        host.emit(wanted, seconds ? (wanted - host.acknowledged.size) / seconds : BURST_PER_SECOND);
      }
    };

    const moves: number[] = [];
    for (let kill = 0; kill < kills; kill += 1) {
      await untilShared(session, 2);
      emit((kill + 0.5) / kills, ROUND_SECONDS);
      await sleep(1_000 + Math.random() * 1_000);
      const killed: Host = kill % 2 === 0 ? a : b;
      await killed.kill();
      const since = performance.now();
      await untilShared(session, 1);
      moves.push((performance.now() - since) / 1000);
      await killed.start();
      emit((kill + 1) / kills);
    }
    for (const [host, share] of shares) await host.untilAcknowledged(share);
    await session.end();
    const most = Math.max(...moves);
    note(`all partitions of a killed host were with the other after at most ${most.toFixed(1)} s (${kills} kills)`);
    if (most > MOST_SECONDS) throw new Error(`partitions took ${most.toFixed(1)} s to move`);
  },
});

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
