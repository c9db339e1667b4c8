import type { NextFunction, Request, RequestHandler, Response } from 'express';
import { GuardError } from '../core/errors';
import { currentSurroundings, inSurroundings, type Turn } from '../sends/turn';
import { answerProblem, Problem } from './problem';

/** What the door needs of sends; compose.ts hands it in. */
export interface MessageTurns {
  /** Whether sends of this instance are guarded in this process. */
  isGuarded: (instance: string) => boolean;
  /** The chat that a number, as the request has it, is in. */
  chatOf: (instance: string, number: unknown) => string | undefined;
  /** @throws GuardError GUARD_SENDS_FULL */
  openTurn: (instance: string, chat: string, options: { isSingle: true; isHigh: boolean }) => Turn;
}

/** Seconds after which a caller who met a full queue may try again. */
const RETRY_AFTER_SECONDS = 5;

/**
 * Stands before the host's own routes that send. Takes the place in the chat's queue when a request arrives: what the host
 * does before it sends (it asks its database who calls, loads media) takes one request longer than another, and would
 * change their order. The place is given back when the request ends without a send.
 */
export function createMessageDoor(turns: MessageTurns): RequestHandler {
  return (request: Request, response: Response, next: NextFunction) => {
    const address = addressOf(request);
    if (!address || !turns.isGuarded(address.instance)) return next();
    const chat = turns.chatOf(address.instance, address.number);
    const isHigh = request.get('x-guard-priority')?.toLowerCase() === 'high';
    const around = { ...currentSurroundings(), caller: 'http', isHigh }; // an idempotency key may be known already
    if (chat === undefined) return inSurroundings(around, next);
    let turn: Turn;
    try {
      turn = turns.openTurn(address.instance, chat, { isSingle: true, isHigh });
    } catch (error) {
      return refuse(error, response, next);
    }
    response.once('close', () => void turn.end());
    inSurroundings({ ...around, turn }, next);
  };
}

function refuse(error: unknown, response: Response, next: NextFunction): void {
  const isFull = error instanceof GuardError && error.code === 'GUARD_SENDS_FULL';
  if (!isFull) return next(error);
  response.set('Retry-After', String(RETRY_AFTER_SECONDS));
  answerProblem(new Problem(429, [error.message]), response, next);
}

/** The routes by which the host sends: /message/<kind>/<instance>, and two under /chat. */
const ROUTE = /^\/(?:message\/\w+|chat\/(?:updateMessage|deleteMessageForEveryone))\/([^/]+)\/?$/;

function addressOf(request: Request): { instance: string; number: unknown } | undefined {
  const [, name] = ROUTE.exec(request.baseUrl + request.path) ?? [];
  if (name === undefined || !['POST', 'DELETE'].includes(request.method)) return undefined;
  const body = (request.body ?? {}) as { number?: unknown; remoteJid?: unknown; key?: { remoteJid?: unknown } | null };
  const isStatus = request.path.startsWith('/sendStatus/');
  const number = isStatus ? 'status@broadcast' : (body.number ?? body.remoteJid ?? body.key?.remoteJid);
  return { instance: decode(name), number };
}

function decode(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name; // the host will say what it thinks of it
  }
}
