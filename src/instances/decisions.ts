/** Why the host would clean an instance up. Codes are Baileys' DisconnectReason; those not named here make the host reconnect. */
export const TRIGGERS = [
  'logged out (401)',
  'forbidden (403)',
  'refused (402, 406)',
  'another disconnect',
  'user logout',
  'user delete',
  'DEL_INSTANCE timer',
  'QR limit',
  'create failed',
  'restart',
] as const;
export type Trigger = (typeof TRIGGERS)[number];

/**
 * `keep`: nothing is touched. `reset`: the credentials are set aside and the session is made new; all else stays.
 * `tombstone`: it is hidden with all its rows until retention ends. `delete`: its rows go.
 */
export type Decision = 'keep' | 'reset' | 'tombstone' | 'delete';

interface Row {
  trigger: Trigger;
  /** Of an instance that was connected once. */
  paired: Decision;
  /** Of one that never was, by DEL_TEMP_INSTANCES. */
  temporary: { false: Decision; true: Decision };
  why: string;
}

const always = (decision: Decision): Pick<Row, 'paired' | 'temporary'> => ({
  paired: decision,
  temporary: { false: decision, true: decision },
});

/** Every case, once. The page docs/decisions.md is made from it. */
export const DECISIONS: readonly Row[] = [
  {
    trigger: 'logged out (401)',
    ...always('reset'),
    why: 'WhatsApp takes these credentials no more. A connect that kept them would show a QR code and be logged out at once.',
  },
  {
    trigger: 'forbidden (403)',
    ...always('reset'),
    why: 'As with 401; the number may be banned, its conversations are not.',
  },
  { trigger: 'refused (402, 406)', ...always('reset'), why: 'As with 401.' },
  {
    trigger: 'another disconnect',
    ...always('keep'),
    why: 'Networks end, WhatsApp restarts sockets (515) and other devices take over (440): the session is as good as before.',
  },
  { trigger: 'user logout', ...always('reset'), why: 'Somebody wants the session to end, not the instance.' },
  {
    trigger: 'user delete',
    ...always('tombstone'),
    why: 'Somebody wants the instance to be gone, and may find out tomorrow that it was the wrong one.',
  },
  {
    trigger: 'DEL_INSTANCE timer',
    paired: 'keep',
    temporary: { false: 'keep', true: 'tombstone' },
    why: 'A timer knows nothing of what an instance is worth. One that was never paired may go where the operator says so.',
  },
  { trigger: 'QR limit', ...always('keep'), why: 'Nobody looked at the codes. The next connect shows new ones.' },
  {
    trigger: 'create failed',
    paired: 'keep',
    temporary: { false: 'delete', true: 'delete' },
    why: 'Whoever asked was told that there is none. One that was paired is another one with that name.',
  },
  { trigger: 'restart', ...always('keep'), why: 'Nothing has happened.' },
];

/** @param isPaired whether it was ever connected. @param delTemp DEL_TEMP_INSTANCES. */
export function decide(trigger: Trigger, isPaired: boolean, delTemp: boolean): Decision {
  const row = DECISIONS.find((each) => each.trigger === trigger);
  if (!row) return 'keep';
  return isPaired ? row.paired : row.temporary[delTemp ? 'true' : 'false'];
}

/** @param code Baileys' reason of a disconnect. */
export function triggerOf(code: number | undefined): Trigger {
  if (code === 401) return 'logged out (401)';
  if (code === 403) return 'forbidden (403)';
  return code === 402 || code === 406 ? 'refused (402, 406)' : 'another disconnect';
}
