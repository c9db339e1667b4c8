import { answerBench } from '../answer';
import { measureMessages } from './messages';
import type { Assignment, Results } from './task';
import { measureDeletes, measureVerification } from './verification';

/** One measurement in a process of its own: both contenders live there and take turns. */
function work({ task, redisUrl }: Assignment): Promise<Results[keyof Results]> {
  switch (task.kind) {
    case 'messages':
      return measureMessages(redisUrl, task);
    case 'verification':
      return measureVerification(redisUrl, task);
    case 'deletes':
      return measureDeletes(redisUrl, task);
  }
}

answerBench(work);
