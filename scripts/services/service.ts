/** How a server was come by, in the order in which the ways are tried. */
export type How = 'given' | 'binary' | 'embedded' | 'installed' | 'docker';

export interface StartOptions {
  /** Leave a server that the environment names alone and start one that may be broken. */
  private?: boolean;
}

/** A server that answers. One that this process started ends with this process, even when that is killed. */
export interface RunningService {
  readonly url: string;
  readonly how: How;
  /** Of the server itself, never of a wrapper. Changes with every start; absent while down, given or in a container. */
  readonly pid: number | undefined;
  /** Sends the signal, to the whole family of processes if it is SIGKILL, and resolves when the server is gone. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** Freezes every process of the server; its connections stay open and silent. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** Starts it again on the same port with the same data, after a graceful stop if it runs. Resolves when it answers. */
  restart(): Promise<void>;
  /** Ends it gracefully and for good: its data go too. */
  stop(): Promise<void>;
}

/** The server that the environment names: it belongs to someone else, so it can be used and nothing more. */
export class GivenService implements RunningService {
  readonly how = 'given';
  readonly pid = undefined;
  readonly url: string;
  readonly #variable: string;

  constructor(url: string, variable: string) {
    this.url = url;
    this.#variable = variable;
  }

  kill = () => this.refuse();
  pause = () => this.refuse();
  resume = () => this.refuse();
  restart = () => this.refuse();
  stop = () => this.refuse();

  protected refuse(): Promise<never> {
    return Promise.reject(
      new Error(`The server that ${this.#variable} names is not ours to control: start one with { private: true }.`),
    );
  }
}
