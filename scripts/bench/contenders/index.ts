import type { Contender, Stage } from '../contender';
import type { ContenderName, PacedName } from '../names';
import { startBare } from './bare';
import { startGraphileWorker } from './graphile-worker';
import { startGuard } from './guard';
import { startPgBoss } from './pg-boss';
import { startPlainInsert } from './plain-insert';
import { startStock } from './stock';

export const START: Readonly<Record<ContenderName | PacedName, (stage: Stage) => Promise<Contender>>> = {
  guard: startGuard,
  bare: startBare,
  stock: startStock,
  pgBoss: startPgBoss,
  graphileWorker: startGraphileWorker,
  plainInsert: startPlainInsert,
};
