import { answerBench } from '../answer';
import { measureBursts } from './bursts';
import { START, type StartOptions } from './contenders';
import { measureOrder } from './order';
import { measurePaced } from './paced';
import type { Channel } from './sender';
import type { Assignment, Results } from './task';
import { measureThroughput } from './throughput';

/** One measurement in a process of its own. */
function work({ task, ...stage }: Assignment): Promise<Results[keyof Results]> {
  const start = async (channel: Channel, options: StartOptions = {}) => START[task.sender](stage, channel, options);
  switch (task.kind) {
    case 'order':
      return measureOrder(start, task.sends, task.gapMs);
    case 'throughput':
      return measureThroughput(start, task);
    case 'paced':
      return measurePaced((channel, trips) => start(channel, { trips }), task.pace);
    case 'bursts':
      return measureBursts((channel) => start(channel, { retryDelayMs: task.retryDelayMs }), task);
  }
}

answerBench(work);
