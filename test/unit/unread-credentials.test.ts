import { describe, expect, it } from '@jest/globals';
import { UnreadCredentials } from '../../src/cache/waiting/unread-credentials';
import { recordingLog } from '../helpers/recording-log';

describe('credentials that could not be read', () => {
  it('are not overwritten until a read of them is answered', () => {
    const unread = new UnreadCredentials(recordingLog());
    expect(unread.refusal('a')).toBeUndefined();
    unread.wasNotRead('a');
    expect(unread.refusal('a')).toMatchObject({ code: 'GUARD_CREDENTIALS_UNREAD' });
    expect(unread.refusal('b')).toBeUndefined();
    unread.wasRead('a');
    expect(unread.refusal('a')).toBeUndefined();
  });

  it('are told of with the first write that is refused, once for each instance', () => {
    const log = recordingLog();
    const unread = new UnreadCredentials(log);
    unread.wasNotRead('a');
    unread.wasNotRead('b');
    expect(log.lines).toEqual([]);
    unread.refusal('a');
    unread.wasNotRead('a');
    unread.refusal('a');
    unread.refusal('b');
    expect(log.lines.map(({ level, fields }) => [level, fields.code, fields.instanceId])).toEqual([
      ['error', 'GUARD_CREDENTIALS_UNREAD', 'a'],
      ['error', 'GUARD_CREDENTIALS_UNREAD', 'b'],
    ]);
  });

  it('name the instances that have to be connected anew', () => {
    const unread = new UnreadCredentials(recordingLog());
    for (const id of ['a', 'b', 'c', 'a']) unread.wasNotRead(id);
    unread.wasRead('b');
    expect(unread.all()).toEqual(['a', 'c']);
  });
});
