import { openCheckout } from '../host/checkout';
import { copySource, viewBuilt } from '../host/checkout-program';
import { buildIfStale } from '../host/own-build';
import { REFERENCE_HOST, type HostProgram } from '../host/program';
import type { DemoOptions } from './options';
import type { Progress } from '../host/progress';

export interface Hosts {
  /** Undefined where there is no unpatched build to compare with. */
  stock: HostProgram | undefined;
  guarded: HostProgram;
}

/** The two hosts that the options ask for, ready to be started. */
export function prepareHosts({ host, dist, stockHost }: DemoOptions, progress: Progress): Hosts {
  if (!host) return { stock: REFERENCE_HOST, guarded: REFERENCE_HOST };
  const checkout = openCheckout(host);
  if (dist) {
    return {
      stock: stockHost ? viewBuilt(openCheckout(stockHost), 'unpatched') : undefined,
      guarded: viewBuilt(checkout, 'patched'),
    };
  }
  buildIfStale(progress);
  progress.say(`copying and patching EvolutionAPI ${checkout.version}; ${checkout.folder} itself stays as it is`);
  return { stock: copySource(checkout, 'unpatched'), guarded: copySource(checkout, 'patched') };
}
