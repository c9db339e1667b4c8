import type { Contender, Stage } from '../contender';
import type { ContenderName } from '../names';
import { startBare } from './bare';
import { startGraphileWorker } from './graphile-worker';
import { startGuard } from './guard';
import { startPgBoss } from './pg-boss';
import { startStock } from './stock';

export const START: Readonly<Record<ContenderName, (stage: Stage) => Promise<Contender>>> = {
  guard: startGuard,
  bare: startBare,
  stock: startStock,
  pgBoss: startPgBoss,
  graphileWorker: startGraphileWorker,
};
