import type { instanceLife, InstanceLine } from '../console/instance-answers';
import type { Answer } from './output';
import { lines, table } from './table';

export type InstanceLife = ReturnType<typeof instanceLife>;

export function listAnswer(instances: readonly InstanceLine[]): Answer {
  const rows = instances.map(({ name, state, since, id, integration, reason, purgeAfter }) => {
    const until = purgeAfter === null ? (reason ?? '') : `kept until ${purgeAfter}`;
    return [name, state, since ?? '-', integration ?? '-', id, until];
  });
  return { text: lines(rows.length === 0 ? ['No instances.'] : table(rows)), data: { instances } };
}

export function showAnswer(life: InstanceLife): Answer {
  const { history, credentials, work } = life;
  const facts = {
    instance: life.name,
    id: life.id,
    channel: life.integration ?? '-',
    state: life.version === null ? life.state : `${life.state}, version ${life.version}`,
    since: life.since ?? 'not known',
    reason: life.reason ?? '-',
    'kept until': life.purgeAfter ?? '-',
    'under way': work.map(({ kind, step }) => `${kind}, at step ${step}`).join('; ') || 'nothing',
  };
  const told = Object.entries(facts).map(([fact, value]) => `${fact.padEnd(12)}${value}`);
  const kept = credentials.map(({ takenAt, reason, bytes, isEncrypted }) => {
    return [takenAt, `${bytes} bytes`, isEncrypted ? 'encrypted' : 'NOT encrypted', reason];
  });
  const happened = history.map(({ at, event, reason }) => [at, event, reason]);
  const parts = [told, titled('Credentials set aside:', kept), titled('History, the newest first:', happened)];
  return { text: lines(parts.flat()), data: { instance: life } };
}

export function askedAnswer(name: string, id: string, what: 'restore' | 'purge', isDone: boolean): Answer {
  const done = what === 'restore' ? `${name} is back.` : `${name} is gone for good.`;
  const asked = `It is written down, and the host does it within some seconds, or when it starts: ${what} of ${name} (${id}).`;
  return { text: lines([isDone ? done : asked]), data: { id, name, isDone } };
}

export function countAnswer(name: string, id: string, rows: Readonly<Record<string, number>>): Answer {
  const told = Object.entries(rows).map(([name, count]) => [name, count.toLocaleString('en-US')]);
  return {
    text: lines([`These rows of ${name} (${id}) would go; nothing was done:`, ...table(told)]),
    data: { id, name, rows },
  };
}

const titled = (title: string, rows: readonly (readonly string[])[]) =>
  rows.length === 0 ? [] : ['', title, ...table(rows)];
