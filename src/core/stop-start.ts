import { describe } from './errors';

/** Ends the host's start with one message. A throw would be buried in the stack of the host's own bootstrap. */
export function stopStart(error: unknown): never {
  process.stderr.write(`\nevolution-guard stops the start of the host.\n${describe(error)}\n\n`);
  process.exit(1);
}
