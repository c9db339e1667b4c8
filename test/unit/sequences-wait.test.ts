import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Ears } from '../../src/sends/sequences/ears';
import { runWait } from '../../src/sends/sequences/wait-step';
import { Waits } from '../../src/sends/sequences/waits';
import type { SendRecord, SendState } from '../../src/stores/send-store';
import { recordingLog } from '../helpers/recording-log';

const STEP = { waitFor: 'delivered', timeoutMs: 60_000, onTimeout: 'fail' } as const;

describe('a step that waits for WhatsApp', () => {
  const ears = new Ears();
  let state: SendState;
  let looks: number;
  let cancelling: AbortController;

  beforeEach(() => {
    jest.useFakeTimers({ now: 1_000_000 });
    state = 'sent';
    looks = 0;
    cancelling = new AbortController();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  function start(startedAt = Date.now()) {
    const never = new AbortController().signal;
    const find = () => {
      looks += 1;
      return Promise.resolve([{ sendId: 'S', state, error: null } as SendRecord]);
    };
    const waits = new Waits(never, never, cancelling.signal, () => 0, recordingLog());
    return runWait({ journal: { find }, ears, waits, clock: { now: () => Date.now() } }, STEP, 'S', startedAt);
  }

  it('looks as soon as this process hears of its message, and at no other one', async () => {
    const ended = start();
    await jest.advanceTimersByTimeAsync(10);
    expect(looks).toBe(1);
    ears.hear('another');
    await jest.advanceTimersByTimeAsync(10);
    expect(looks).toBe(1);
    state = 'read';
    ears.hear('S');
    expect(await ended).toEqual({ kind: 'done' });
    expect(looks).toBe(2);
  });

  it('looks every five seconds, as another process may have heard of it', async () => {
    const ended = start();
    await jest.advanceTimersByTimeAsync(5_000);
    state = 'server_ack';
    await jest.advanceTimersByTimeAsync(5_000);
    expect(looks).toBe(3);
    state = 'delivered';
    await jest.advanceTimersByTimeAsync(5_000);
    expect(await ended).toEqual({ kind: 'done' });
  });

  it('counts the time before its process was another one, and none twice where the clock was set back', async () => {
    const late = start(Date.now() - 59_000);
    await jest.advanceTimersByTimeAsync(1_000);
    expect(await late).toMatchObject({ kind: 'failed', code: 'GUARD_SEQUENCE_TIMEOUT' });
    let isOver = false;
    const early = start(Date.now() + 3_600_000).finally(() => (isOver = true));
    await jest.advanceTimersByTimeAsync(59_000);
    expect(isOver).toBe(false);
    cancelling.abort();
    await expect(early).rejects.toThrow('cancelled');
  });
});
