export interface Waker {
  /** Ends the current wait, or the next one if none is under way. */
  wake(): void;
  /** Resolves at a wake, after the given time, or at the signal. */
  wait(ms: number, signal: AbortSignal): Promise<void>;
}

/** Lets one loop sleep until there is something to do. */
export function createWaker(): Waker {
  let woken = false;
  let end: (() => void) | undefined;
  return {
    wake() {
      woken = true;
      end?.();
    },
    wait(ms, signal) {
      if (woken || signal.aborted) {
        woken = false;
        return Promise.resolve();
      }
      return new Promise((resolve) => {
        const timer = setTimeout(() => end?.(), ms);
        end = () => {
          clearTimeout(timer);
          signal.removeEventListener('abort', finish);
          woken = false;
          end = undefined;
          resolve();
        };
        const finish = end;
        signal.addEventListener('abort', finish, { once: true });
      });
    },
  };
}
