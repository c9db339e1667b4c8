/** Steps of a send behind which its process can be killed or stopped: see docs/architecture.md for its way. */
export const STEPS = ['accepted', 'begun', 'handed', 'answered', 'finished'] as const;
export type Step = (typeof STEPS)[number];

export type Blow = 'SIGKILL' | 'SIGSTOP';

/** Deals this process a blow the moment some send has taken a step, so many times from now. */
export class Fate {
  private step: Step | undefined;
  private left = 0;
  private blow: Blow = 'SIGKILL';

  private struck: () => void = () => undefined;

  /** @param struck called right before. */
  order(blow: Blow, step: Step, after: number, struck: () => void): void {
    this.blow = blow;
    this.step = step;
    this.left = after;
    this.struck = struck;
  }

  readonly passed = (step: Step): void => {
    if (step !== this.step) return;
    this.left -= 1;
    if (this.left !== 0) return;
    this.struck();
    process.kill(process.pid, this.blow);
  };
}
