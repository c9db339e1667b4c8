import type { NewSend } from '../send-store';
import { NOW_MS } from './now';
import { TRIP_BYTES, type Statement } from './transact';

/** Nothing, where there is nothing to write. */
export const some = <T>(rows: readonly T[], statement: () => Statement): Statement[] =>
  rows.length > 0 ? [statement()] : [];

/** As SQL. */
export interface FirstState {
  state: 'accepted' | 'sending';
  attempts: 0 | 1;
  fence: number | 'NULL';
  sendingAt: string;
}

/**
 * Writes sends, in their order. In: owner, sends, their states. Out: nothing. Locks: the rows written.
 *
 * @param ending what follows the list of rows.
 */
export function insertSends(
  schema: string,
  owner: string,
  sends: readonly NewSend[],
  stateOf: (send: NewSend) => FirstState,
  ending = '',
): Statement {
  const rows = sends.map((send) => {
    const { state, attempts, fence, sendingAt } = stateOf(send);
    return `(?,?,?,?,?,?,?,?,?,'${state}',${attempts},${fence},${sendingAt},${send.acceptedAt})`;
  });
  return {
    sql: `INSERT INTO ${schema}_send (send_id, instance, chat, integration, kind, caller, message_id, request_id, owner,
            state, attempts, fence, sending_at, accepted_at)
          VALUES ${rows.join()} ${ending}`,
    values: sends.flatMap(({ sendId, instance, chat, integration, kind, caller, messageId, requestId }) => {
      return [sendId, instance, chat, integration, kind, caller, messageId ?? null, requestId ?? null, owner];
    }),
  };
}

export interface WrittenSend {
  send: NewSend;
  /** As SQL, understood in a statement that follows the one that wrote the sends, and changes nothing of its numbers. */
  seq: number | string;
}

interface Piece {
  sql: string;
  body: Buffer;
}

/**
 * Writes down that sends are open, with their bodies. In: owner, sends. Out: nothing. Locks: the rows written.
 * Bodies are cut and gathered so that each statement fits into a packet.
 */
export function openSends(schema: string, owner: string, written: readonly WrittenSend[]): Statement[] {
  const rows = written.map(({ seq, send: { body } }) => `(${seq},?,?,?,'open',${partsOf(body).length})`);
  const pieces = written.flatMap(({ seq, send: { body } }) => {
    return partsOf(body).map((part, number) => ({ sql: `(${seq},${number},?)`, body: part }));
  });
  return [
    ...some(rows, () => ({
      sql: `INSERT INTO ${schema}_unsettled_send (seq, instance, chat, owner, phase, parts) VALUES ${rows.join()}`,
      values: written.flatMap(({ send: { instance, chat } }) => [instance, chat, owner]),
    })),
    ...packets(pieces).map((packet) => ({
      sql: `INSERT INTO ${schema}_send_body (seq, part, body) VALUES ${packet.map(({ sql }) => sql).join()}`,
      values: packet.map(({ body }) => body),
      bytes: packet.reduce((sum, { body }) => sum + body.length, 0),
    })),
  ];
}

/** An empty body is one part, no body is none. */
function partsOf(body: Buffer | undefined): Buffer[] {
  if (!body) return [];
  const parts = Math.max(1, Math.ceil(body.length / TRIP_BYTES));
  return Array.from({ length: parts }, (_, part) => body.subarray(part * TRIP_BYTES, (part + 1) * TRIP_BYTES));
}

function packets(pieces: readonly Piece[]): Piece[][] {
  const all: Piece[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const piece of pieces) {
    if (bytes + piece.body.length > TRIP_BYTES) {
      all.push([]);
      bytes = 0;
    }
    all.at(-1)?.push(piece);
    bytes += piece.body.length;
  }
  return all;
}

/**
 * Rows of a table by their seqs. As long as a table is small the server would rather walk all of it, and so wait for every
 * row that another process is changing.
 */
const chosen = (schema: string, table: string) => `${schema}_${table} AS chosen FORCE INDEX (PRIMARY)`;

/** Forgets what sends were made of. In: seqs of what was open. Out: nothing. Locks: the rows deleted. */
export const forgetBodies = (schema: string, seqs: readonly number[]): Statement[] => remove(schema, 'send_body', seqs);

/** Nothing is awaited of these sends any more. In: seqs. Out: nothing. Locks: the rows deleted. */
export const settle = (schema: string, seqs: readonly number[]): Statement[] => remove(schema, 'unsettled_send', seqs);

function remove(schema: string, table: string, seqs: readonly number[]): Statement[] {
  return some(seqs, () => ({
    sql: `DELETE chosen FROM ${chosen(schema, table)} WHERE chosen.seq IN (?)`,
    values: [seqs],
  }));
}

/** The answer of WhatsApp is awaited now. In: seqs. Out: nothing. Locks: the rows changed. */
export const awaitWord = (schema: string, phase: 'sent' | 'unknown', seqs: readonly number[]): Statement[] =>
  some(seqs, () => ({
    sql: `UPDATE ${chosen(schema, 'unsettled_send')} SET phase = '${phase}', since = ${NOW_MS}, parts = 0
          WHERE chosen.seq IN (?)`,
    values: [seqs],
  }));
