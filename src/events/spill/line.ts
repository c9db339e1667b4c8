import { crc32 } from 'node:zlib';
import { z } from 'zod';
import type { NewOutboxRow } from '../../stores/outbox-store';

const line = z.object({
  eventId: z.uuid(),
  sink: z.string(),
  receiverKey: z.number(),
  chatKey: z.number(),
  partition: z.number(),
  instance: z.string(),
  chat: z.string(),
  event: z.string(),
  target: z.string(),
  payload: z.string(),
  payloadBytes: z.number(),
  capturedAt: z.number(),
  deadReason: z.string().exactOptional(),
}) satisfies z.ZodType<NewOutboxRow>;

const CHECKSUM_DIGITS = 8;

/** A line of the spill file: the CRC-32 of the rest in hexadecimal digits, a space, JSON, a line feed. */
export function encodeLine(row: NewOutboxRow): Buffer {
  const json = Buffer.from(JSON.stringify(row));
  const checksum = crc32(json).toString(16).padStart(CHECKSUM_DIGITS, '0');
  return Buffer.concat([Buffer.from(`${checksum} `), json, Buffer.from('\n')]);
}

/** @returns undefined for a line that is damaged: cut off, overwritten, or of a shape that was never written. */
export function decodeLine(bytes: Buffer): NewOutboxRow | undefined {
  const json = bytes.subarray(CHECKSUM_DIGITS + 1);
  const checksum = bytes.subarray(0, CHECKSUM_DIGITS).toString('latin1');
  if (json.length === 0 || crc32(json) !== Number.parseInt(checksum, 16)) return undefined;
  try {
    return line.parse(JSON.parse(json.toString()));
  } catch {
    return undefined;
  }
}
