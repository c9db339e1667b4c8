import { fork } from 'node:child_process';
import type { Answer } from './answer';

/**
 * Runs a program that answers with `answerBench`.
 *
 * @param profile folder for its CPU profile.
 */
export function inChild<Result>(program: string, assignment: object, profile: string | undefined): Promise<Result> {
  const profiling = profile ? ['--cpu-prof', '--cpu-prof-dir', profile] : [];
  const child = fork(program, {
    execArgv: ['--expose-gc', ...profiling],
    // Its standard output would come between the lines of ours.
    stdio: ['ignore', 2, 2, 'ipc'],
  });
  return new Promise((resolve, reject) => {
    let answer: Answer<Result> | undefined;
    child.once('message', (message: Answer<Result>) => (answer = message));
    child.once('error', reject);
    // Not before its exit: until then it would share the machine with the next one.
    child.once('exit', (code, signal) => {
      if (!answer) reject(new Error(`a contender ended early, with ${signal ?? code}`));
      else if ('error' in answer) reject(new Error(answer.error));
      else resolve(answer.result);
    });
    child.send(assignment);
  });
}
