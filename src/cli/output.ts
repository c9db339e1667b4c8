import { CommanderError } from 'commander';
import { describe, GuardError } from '../core/errors';
import { REGISTRY } from '../core/error-registry';

/** What a command found, for people and for programs. */
export interface Answer {
  /** Ends with a newline. */
  text: string;
  data: Record<string, unknown>;
}

export const EXIT_CODES = `
Exit codes:
  0  done, or nothing to do
  1  refused: the message has a code from docs/errors.md, and nothing was changed unless it says so
  2  wrong usage
  3  unexpected error`;

/** With --json one object on one line, which programs can rely on being the last. */
export function print({ text, data }: Answer, json: boolean): void {
  process.stdout.write(json ? `${JSON.stringify({ ok: true, ...data })}\n` : text);
}

/** Tells of an error and returns the exit code for it. */
export function fail(error: unknown, json: boolean): number {
  if (error instanceof CommanderError) {
    // Commander has printed its message, and help that was asked for is no error.
    if (json && error.exitCode !== 0) printError({ code: error.code, detail: error.message });
    return error.exitCode === 0 ? 0 : 2;
  }
  if (error instanceof GuardError) {
    if (json) printError({ ...error });
    else console.error(`${error.code}: ${REGISTRY[error.code].meaning}\n${error.detail}\nRemedy: ${error.remedy}`);
    return 1;
  }
  if (json) printError({ detail: describe(error) });
  else console.error(error);
  return 3;
}

function printError(error: Record<string, unknown>): void {
  process.stdout.write(`${JSON.stringify({ ok: false, error })}\n`);
}
