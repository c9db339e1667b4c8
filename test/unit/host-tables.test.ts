import { describe, expect, it } from '@jest/globals';
import { hostTables, purgeTables, type ForeignKey, type HostTable } from '../../src/stores/host-tables';

const foreignKey = (way: string, fields: Partial<ForeignKey> = {}): ForeignKey => {
  const [table = '', parent = ''] = way.split(' -> ');
  const names = { table, column: `${parent}Id`, parent, parentColumn: 'id', rowKey: 'id' };
  return { ...names, onDelete: 'cascade', isIndexed: true, ...fields };
};
const unindexed = { isIndexed: false };
const namesOf = (keys: readonly ForeignKey[]) => hostTables(keys).map(({ name }) => name);

describe('the order in which the tables of an instance are emptied', () => {
  it('puts a table before those that it names, whatever their deletion would do to it', () => {
    const keys = [
      foreignKey('Creds -> Instance'),
      foreignKey('Bot -> Creds'),
      foreignKey('Bot -> Instance'),
      foreignKey('Setting -> Creds', { onDelete: 'refuse' }),
      foreignKey('Setting -> Bot', { onDelete: 'forget' }),
      foreignKey('Setting -> Instance'),
    ];
    expect(namesOf(keys)).toEqual(['Setting', 'Bot', 'Creds']);
  });

  it('puts tables with an index first, so that most calls walk no other', () => {
    const keys = [
      foreignKey('Label -> Instance', unindexed),
      foreignKey('Message -> Instance'),
      foreignKey('Label -> Chat', { onDelete: 'forget' }),
      foreignKey('Chat -> Instance'),
    ];
    expect(namesOf(keys)).toEqual(['Message', 'Label', 'Chat']);
  });

  it('takes in what hangs on others only, but not what forgets them, nor what the instance hangs on', () => {
    const keys = [
      foreignKey('Message -> Instance'),
      foreignKey('Note -> Message', { onDelete: 'refuse' }),
      foreignKey('Bookmark -> Message', { onDelete: 'forget' }),
      foreignKey('Instance -> Message'),
    ];
    expect(namesOf(keys)).toEqual(['Note', 'Message']);
  });

  it('comes to an end with tables that name each other or themselves', () => {
    const keys = [
      foreignKey('Hen -> Instance'),
      foreignKey('Egg -> Instance'),
      foreignKey('Hen -> Egg'),
      foreignKey('Egg -> Hen'),
      foreignKey('Egg -> Egg'),
    ];
    expect(namesOf(keys).sort()).toEqual(['Egg', 'Hen']);
  });

  it('leaves to a cascade what has an index for that alone, and takes few rows where each costs a walk', async () => {
    const keys = [
      foreignKey('Media -> Instance', unindexed),
      foreignKey('Media -> Message'),
      foreignKey('Message -> Instance'),
      foreignKey('Message -> Conversation', { onDelete: 'forget', ...unindexed }),
      foreignKey('Conversation -> Instance', unindexed),
    ];
    const asked: [string, number][] = [];
    const remove = ({ name }: HostTable, limit: number) => {
      asked.push([name, limit]);
      return Promise.resolve(1);
    };
    expect(await purgeTables(hostTables(keys), 100, remove, () => Promise.resolve(1))).toBe(2);
    expect(asked).toEqual([
      ['Message', 100],
      ['Conversation', 10],
    ]);
  });
});
