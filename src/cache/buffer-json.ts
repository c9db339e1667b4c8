/*
 * How Baileys writes bytes in JSON (BufferJSON, src/Utils/generics.ts), which the host's cache does for hashes: an object of
 * the type Buffer with base64. Read back is also the form that JSON itself gives a Buffer, a list of numbers.
 */

/** For JSON.stringify. */
export function replacer(_key: string, value: unknown): unknown {
  if (value instanceof Uint8Array) return asBase64(value);
  // JSON.stringify has asked a Buffer for its own form before.
  if (isBufferForm(value) && Array.isArray(value.data)) return asBase64(Buffer.from(value.data as number[]));
  return value;
}

/** For JSON.parse. */
export function reviver(_key: string, value: unknown): unknown {
  if (!isBufferForm(value)) return value;
  if (typeof value.data === 'string') return Buffer.from(value.data, 'base64');
  return Array.isArray(value.data) ? Buffer.from(value.data as number[]) : value;
}

const asBase64 = (bytes: Uint8Array) => ({ type: 'Buffer', data: Buffer.from(bytes).toString('base64') });

function isBufferForm(value: unknown): value is { data: unknown } {
  return typeof value === 'object' && value !== null && 'type' in value && value.type === 'Buffer' && 'data' in value;
}
