import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { ownPath, takeOverLeftovers } from '../../src/events/spill/claim-file';
import { Spill } from '../../src/events/spill/spill';
import { SpillFile } from '../../src/events/spill/spill-file';
import { createMetrics } from '../../src/metrics/metrics';
import type { NewOutboxRow } from '../../src/stores/outbox-store';
import { recordingLog } from '../helpers/recording-log';

function row(number: number, size = 10): NewOutboxRow {
  const payload = `${number}`.padEnd(size, 'é');
  const names = { instance: 'shop', event: 'send.message', chat: '1@g.us', chatKey: -7, partition: 3, receiverKey: 9 };
  const target = JSON.stringify({ routes: [{ queue: 'shop.send.message' }] });
  return {
    ...names,
    eventId: randomUUID(),
    sink: 'rabbitmq',
    target,
    payload,
    payloadBytes: Buffer.byteLength(payload),
    capturedAt: 1_000 + number,
  };
}

describe('spill', () => {
  let folder: string;
  let path: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'spill-'));
    path = join(folder, '4194305-1-x.log'); // of a process that cannot be
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const reopen = async (use: (file: SpillFile) => Promise<void>) => {
    const file = await SpillFile.open(path);
    await use(file);
    await file.close();
  };

  it('gives back what it was given, in order, over a restart, large lines too', async () => {
    const events = [row(1), row(2, 1_500_000), row(3), row(4)];
    await reopen((file) => file.append(events));
    await reopen(async (file) => {
      const first = await file.peek(2, 1e9);
      expect(first.rows).toEqual(events.slice(0, 2));
      await file.forget(first.end);
      expect((await file.peek(10, 1e9)).rows).toEqual(events.slice(2));
      expect((await file.peek(10, 1)).rows.length).toBeGreaterThan(0);
    });
  });

  it('is cut to nothing when all of it has been taken', async () => {
    await reopen(async (file) => {
      await file.append([row(1)]);
      await file.forget((await file.peek(10, 1e9)).end);
      expect([file.bytes, statSync(path).size]).toEqual([0, 0]);
      await file.append([row(2)]);
      expect((await file.peek(10, 1e9)).rows).toHaveLength(1);
    });
  });

  it('skips a tail that a crash has cut off, and goes on behind it', async () => {
    const [first, second, third] = [row(1), row(2), row(3)];
    await reopen((file) => file.append([first, second]));
    truncateSync(path, statSync(path).size - 20);
    await reopen(async (file) => {
      await file.append([third]);
      expect(await file.peek(10, 1e9)).toMatchObject({ rows: [first, third], damaged: 1 });
    });
  });

  it('skips damaged lines in the middle, with a count', async () => {
    const events = [row(1), row(2), row(3)];
    await reopen((file) => file.append(events));
    const lines = readFileSync(path, 'utf8').split('\n');
    writeFileSync(path, [lines[0], lines[1]?.replace('shop', 'shoq'), 'rubbish', '', lines[2], ''].join('\n'));
    await reopen(async (file) => {
      expect(await file.peek(10, 1e9)).toMatchObject({ rows: [events[0], events[2]], damaged: 3 });
    });
  });

  it('a file that is nothing but rubbish is skipped whole', async () => {
    appendFileSync(path, Buffer.alloc(3_000_000, 0xff));
    await reopen(async (file) => {
      const { rows, damaged, end } = await file.peek(10, 1e9);
      expect([rows, damaged]).toEqual([[], 1]);
      await file.forget(end);
      expect(file.bytes).toBe(0);
    });
  });

  it('tells once that it nears its limit, once that it is full, and takes nothing more then', async () => {
    const log = recordingLog();
    const spill = await Spill.open({ folder, maxBytes: 1_500, log, metrics: createMetrics() });
    const taken: boolean[] = [];
    for (let number = 0; number < 8; number += 1) taken.push((await spill?.take([row(number)])) ?? false);
    await spill?.close();
    expect(taken.lastIndexOf(true)).toBe(taken.indexOf(false) - 1);
    expect(log.lines.map(({ fields }) => fields.code)).toEqual(['GUARD_SPILL_NEARLY_FULL', 'GUARD_SPILL_FULL']);
  });

  it('tells of damaged lines, and that it has drained', async () => {
    await reopen((file) => file.append([row(1)]));
    appendFileSync(path, 'cut of');
    const log = recordingLog();
    const spill = await Spill.open({ folder, maxBytes: 2_000, log, metrics: createMetrics() });
    const written: NewOutboxRow[] = [];
    while (!spill?.isEmpty) await spill?.drain((rows) => Promise.resolve(void written.push(...rows)));
    await spill?.close();
    expect(written.map(({ capturedAt }) => capturedAt)).toEqual([1_001]);
    expect(log.lines.map(({ level, fields }) => [level, fields.code])).toEqual([
      ['error', 'GUARD_SPILL_DAMAGED'],
      ['info', undefined],
    ]);
  });

  it('keeps what could not be written to the outbox', async () => {
    const spill = await Spill.open({ folder, maxBytes: 2_000, log: recordingLog(), metrics: createMetrics() });
    await spill?.take([row(1)]);
    await expect(spill?.drain(() => Promise.reject(new Error('away')))).rejects.toThrow('away');
    expect(spill?.isEmpty).toBe(false);
    await spill?.close();
  });

  it('a folder that cannot be made is told, and the host goes on without', async () => {
    const log = recordingLog();
    writeFileSync(join(folder, 'file'), '');
    const options = { folder: join(folder, 'file', 'spill'), maxBytes: 1, log, metrics: createMetrics() };
    expect(await Spill.open(options)).toBeUndefined();
    expect(log.lines.map(({ fields }) => fields.code)).toEqual(['GUARD_SPILL_UNWRITABLE']);
  });

  it('takes up what several dead processes have left, each in its order, and leaves the living alone', async () => {
    const dead = ['4194305-1-a.log', `${process.pid}-1-b.log`]; // above the largest process id; ours, of another start
    for (const [index, name] of dead.entries()) {
      const file = await SpillFile.open(join(folder, name));
      await file.append([row(index * 2), row(index * 2 + 1)]);
      await file.close();
    }
    const living = ownPath(folder);
    writeFileSync(living, 'in use');
    const spill = await Spill.open({ folder, maxBytes: 1e6, log: recordingLog(), metrics: createMetrics() });
    const written: NewOutboxRow[] = [];
    while (!spill?.isEmpty) await spill?.drain((rows) => Promise.resolve(void written.push(...rows)));
    await spill?.close();
    const numbers = written.map(({ capturedAt }) => capturedAt - 1_000);
    expect(numbers.filter((number) => number < 2)).toEqual([0, 1]);
    expect(numbers.filter((number) => number >= 2)).toEqual([2, 3]);
    expect(readdirSync(folder)).toEqual([basename(living)]);
  });

  it('of several processes only one takes a file over', () => {
    writeFileSync(join(folder, '4194305-1-a.log'), '');
    expect(takeOverLeftovers(folder)).toHaveLength(1);
    expect(takeOverLeftovers(folder)).toEqual([]);
  });
});
