import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What a measurement in a process of its own came to. */
export type Answer<Result> = { result: Result } | { error: string };

/** Does what the bench asks this process for, tells it the result, and ends. */
export function answerBench<Assignment, Result>(work: (assignment: Assignment) => Promise<Result>): void {
  // What a contender writes into its working folder goes with it.
  const folder = mkdtempSync(join(tmpdir(), 'evolution-guard-bench-'));
  process.chdir(folder);
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));

  process.once('message', (assignment: Assignment) => {
    work(assignment)
      .then((result): Answer<Result> => ({ result }))
      .catch((error: unknown): Answer<Result> => ({
        error: error instanceof Error ? (error.stack ?? error.message) : String(error),
      }))
      // Exiting only after the answer has left; a profile is written at exit.
      .then((answer) => process.send?.(answer, () => process.exit()))
      .catch(() => process.exit(1));
  });
  // The bench itself is gone.
  process.once('disconnect', () => process.exit(1));
}
