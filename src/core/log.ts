import pino from 'pino';

export type Log = Pick<pino.Logger, 'debug' | 'info' | 'warn' | 'error'>;
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;

/** JSON lines on standard output. Never hand it message bodies or whole settings: both may hold secrets. */
export function createLog(level: (typeof LOG_LEVELS)[number], destination?: pino.DestinationStream): Log {
  return pino({ name: 'evolution-guard', level, base: { name: 'evolution-guard', pid: process.pid } }, destination);
}
