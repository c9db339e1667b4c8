import { TestEnvironment } from 'jest-environment-node';
import { setTimeout as sleep } from 'node:timers/promises';

const GRACE_MS = 2000;

/** What keeps a process from ending, as process.getActiveResourcesInfo names it, less what jest itself comes and goes with. */
const WATCHED = new Set([
  'FSEventWrap',
  'PipeServerWrap',
  'PipeWrap',
  'ProcessWrap',
  'TCPServerWrap',
  'TCPSocketWrap',
  'TLSWrap',
  'Timeout',
  'UDPWrap',
]);

// A worker whose jest was killed would go on for ever, with the servers that its tests have started. Asked of the system
// instead of a listener on 'disconnect', which would itself keep the worker from ending.
const jest = process.ppid;
setInterval(() => process.ppid === jest || process.exit(1), 1000).unref();

/**
 * Fails a test file that leaves handles open: a socket, a timer, a server or a child process. Only a worker process can
 * tell: in jest's own, jest's timers come and go. `workerIdleMemoryLimit` is what makes jest always use workers.
 */
export default class LeaksEnvironment extends TestEnvironment {
  #before = new Map<string, number>();

  override async setup(): Promise<void> {
    await super.setup();
    this.#before = watchedResources();
  }

  /** Called by jest; `run_finish` comes after the last afterAll. */
  async handleTestEvent(event: { name: string }, state: { unhandledErrors: unknown[] }): Promise<void> {
    const inWorker = process.send !== undefined;
    if (event.name !== 'run_finish' || !inWorker) return;
    const deadline = Date.now() + GRACE_MS;
    let leaks = this.#leaks();
    while (leaks.length > 0 && Date.now() < deadline) {
      await sleep(20);
      leaks = this.#leaks();
    }
    if (leaks.length === 0) return;
    const error = new Error(`This test file leaves handles open: ${leaks.join(', ')}. Close them in afterAll.`);
    error.stack = error.message;
    state.unhandledErrors.push(error);
  }

  #leaks(): string[] {
    return [...watchedResources()]
      .map(([kind, count]) => ({ kind, count: count - (this.#before.get(kind) ?? 0) }))
      .filter(({ count }) => count > 0)
      .map(({ kind, count }) => `${count} ${kind}`);
  }
}

function watchedResources(): Map<string, number> {
  const counts = new Map<string, number>();
  for (const kind of process.getActiveResourcesInfo()) {
    if (WATCHED.has(kind)) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return counts;
}
