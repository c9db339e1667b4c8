import { describe, expect, it } from '@jest/globals';
import { decide, DECISIONS, TRIGGERS, triggerOf, type Decision, type Trigger } from '../../src/instances/decisions';

/** Of each trigger: a paired instance, then one that never was, without and with DEL_TEMP_INSTANCES. */
const PROMISED: [Trigger, Decision, Decision, Decision][] = [
  ['logged out (401)', 'reset', 'reset', 'reset'],
  ['forbidden (403)', 'reset', 'reset', 'reset'],
  ['refused (402, 406)', 'reset', 'reset', 'reset'],
  ['another disconnect', 'keep', 'keep', 'keep'],
  ['user logout', 'reset', 'reset', 'reset'],
  ['user delete', 'tombstone', 'tombstone', 'tombstone'],
  ['DEL_INSTANCE timer', 'keep', 'keep', 'tombstone'],
  ['QR limit', 'keep', 'keep', 'keep'],
  ['create failed', 'keep', 'delete', 'delete'],
  ['restart', 'keep', 'keep', 'keep'],
];

describe('what becomes of an instance', () => {
  it.each(PROMISED)(
    'at "%s" is %s when it is paired, %s when not, %s with DEL_TEMP_INSTANCES',
    (trigger, ...promised) => {
      const [paired, temporary, withDelTemp] = promised;
      expect([decide(trigger, true, false), decide(trigger, true, true)]).toEqual([paired, paired]);
      expect([decide(trigger, false, false), decide(trigger, false, true)]).toEqual([temporary, withDelTemp]);
    },
  );

  it('is written in one row for each trigger, with a reason', () => {
    expect(DECISIONS.map(({ trigger }) => trigger)).toEqual([...TRIGGERS]);
    expect(new Set(TRIGGERS).size).toBe(TRIGGERS.length);
    expect(PROMISED.map(([trigger]) => trigger)).toEqual([...TRIGGERS]);
    for (const { why } of DECISIONS) expect(why).toMatch(/^[A-Z].+\.$/);
  });

  it('is never to go, without DEL_TEMP_INSTANCES, for a logout, a timer or a restart', () => {
    const byUsers: Trigger[] = ['user delete', 'create failed'];
    for (const trigger of TRIGGERS.filter((each) => !byUsers.includes(each))) {
      for (const isPaired of [true, false]) {
        expect(['keep', 'reset']).toContain(decide(trigger, isPaired, false));
      }
    }
  });

  it('is, for one that was paired, to be hidden when a user deletes it, and never to be deleted', () => {
    for (const delTemp of [true, false]) {
      const decisions = TRIGGERS.map((trigger) => [trigger, decide(trigger, true, delTemp)]);
      expect(decisions.filter(([, decision]) => decision === 'tombstone')).toEqual([['user delete', 'tombstone']]);
      expect(decisions.filter(([, decision]) => decision === 'delete')).toEqual([]);
    }
  });

  it('is nothing where the trigger is not known', () => {
    expect(decide('another one' as Trigger, false, true)).toBe('keep');
  });
});

describe('a disconnect', () => {
  it.each<[number | undefined, Trigger]>([
    [401, 'logged out (401)'],
    [402, 'refused (402, 406)'],
    [403, 'forbidden (403)'],
    [406, 'refused (402, 406)'],
    [408, 'another disconnect'],
    [411, 'another disconnect'],
    [428, 'another disconnect'],
    [440, 'another disconnect'],
    [500, 'another disconnect'],
    [503, 'another disconnect'],
    [515, 'another disconnect'],
    [undefined, 'another disconnect'],
  ])('with code %p is "%s"', (code, trigger) => {
    expect(triggerOf(code)).toBe(trigger);
  });
});
