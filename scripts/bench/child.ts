import { answerBench } from './answer';
import { migrateGuard } from './contenders/guard';
import { START } from './contenders';
import { fillOutbox } from './backlog';
import type { Stage } from './contender';
import { measureLatency } from './latency';
import { measureMemory } from './memory';
import { BenchQueue } from './queue';
import type { Assignment, Results, Task } from './task';
import { measureThroughput } from './throughput';

/** One measurement in a process of its own, so that its CPU time and memory are the contender's. */
async function work({ task, databaseUrl, brokerUrl }: Assignment): Promise<Results[keyof Results]> {
  const queue = await BenchQueue.create(brokerUrl);
  const result = await measure(task, { databaseUrl, brokerUrl, queue });
  await queue.close();
  return result;
}

async function measure(task: Task, stage: Stage): Promise<Results[keyof Results]> {
  if (task.kind === 'backlog') return drain(task.rows, stage);
  if (task.kind === 'memory') return measureMemory(await START.guard(stage), task.events);
  const contender = await START[task.contender](stage);
  const result =
    task.kind === 'latency'
      ? await measureLatency(contender, stage)
      : await measureThroughput(contender, stage, task.limits);
  await contender.stop();
  return result;
}

async function drain(rows: number, stage: Stage): Promise<Results['backlog']> {
  await migrateGuard(stage.databaseUrl);
  await fillOutbox(stage.databaseUrl, rows);
  const start = performance.now();
  const guard = await START.guard(stage);
  await guard.finished(rows);
  const seconds = (performance.now() - start) / 1000;
  await stage.queue.holds(rows);
  await guard.stop();
  return { rows, eventsPerSecond: rows / seconds, seconds };
}

answerBench(work);
