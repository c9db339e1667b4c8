import type { Scenario } from '../scenario';
import { delInstance } from './del-instance';
import { deleteRestore } from './delete-restore';
import { killSteps } from './kill-steps';
import { lateWrites } from './late-writes';
import { logout401 } from './logout-401';
import { logoutsAtOnce } from './logouts-at-once';
import { million } from './million';
import { twoProcesses } from './two-processes';

/** In the order in which they run. */
export const SCENARIOS: readonly Scenario[] = [
  logout401(),
  logoutsAtOnce(),
  delInstance(),
  deleteRestore(),
  killSteps(),
  lateWrites(),
  twoProcesses(),
  million(),
  logout401('mariadb'),
  deleteRestore('mariadb'),
  killSteps('mariadb'),
];
