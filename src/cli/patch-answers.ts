import type { ApplyPlan } from '../../patches/engine/apply';
import { MANIFEST_PATH } from '../../patches/engine/layout';
import type { RevertPlan } from '../../patches/engine/revert';
import type { Status } from '../../patches/engine/status';
import type { Answer } from './output';

export function applyAnswer(plan: ApplyPlan, outcome: 'fits' | 'applied'): Answer {
  const { host, manifest } = plan;
  const guard = `evolution-guard ${manifest.guardVersion}`;
  const where = `EvolutionAPI ${host.version} in ${host.dir}`;
  const facts = { hostDir: host.dir, hostVersion: host.version, guardVersion: manifest.guardVersion };
  if (plan.upToDate) {
    return {
      text: `${guard} is already applied to ${where}; nothing to do.\n`,
      data: { ...facts, outcome: 'already applied', written: [], removed: [] },
    };
  }

  const patched = plan.files.filter((file) => file.current !== file.patched).map((file) => file.path);
  const written = [...patched, MANIFEST_PATH, plan.tarball];
  const removed = plan.outdatedTarball === undefined ? [] : [plan.outdatedTarball];
  const heading = outcome === 'applied' ? `${guard} was applied to ${where}.` : `${guard} fits ${where}.`;
  return {
    text: lines([
      heading,
      ...listed(outcome === 'applied' ? 'Written:' : 'It would write:', written),
      ...listed(outcome === 'applied' ? 'Removed:' : 'It would remove:', removed),
      ...(outcome === 'applied' ? nextSteps(host.dir) : []),
    ]),
    data: { ...facts, outcome, written, removed },
  };
}

export function revertAnswer(plan: RevertPlan, outcome: 'reverted' | 'would revert'): Answer {
  const { host, removed } = plan;
  const facts = { hostDir: host.dir, hostVersion: host.version };
  const restored = plan.files.map((file) => file.path);
  if (restored.length + removed.length === 0) {
    return {
      text: `Nothing is applied to ${host.dir}; nothing to do.\n`,
      data: { ...facts, outcome: 'nothing to revert', restored, removed },
    };
  }
  const done = outcome === 'reverted';
  return {
    text: lines([
      done ? `evolution-guard was taken out of ${host.dir}.` : `evolution-guard can be taken out of ${host.dir}.`,
      ...listed(done ? 'Restored:' : 'It would restore:', restored),
      ...listed(done ? 'Removed:' : 'It would remove:', removed),
      ...(done ? ['Next: npm install && npm run build, or check out another tag.'] : []),
    ]),
    data: { ...facts, outcome, restored, removed },
  };
}

export function statusAnswer(status: Status, guardVersion: string): Answer {
  const { host, supported, appliedVersion, tarballPresent, recipes } = status;
  const width = Math.max(...recipes.map((recipe) => recipe.id.length));
  const rows = recipes.map(({ id, file, state }) => `  ${id.padEnd(width)}  ${state.padEnd(15)}  ${file}`);
  const applied =
    appliedVersion === undefined
      ? 'none recorded'
      : `${appliedVersion}${tarballPresent ? '' : ', its tarball is missing'}`;
  return {
    text: lines([
      `EvolutionAPI ${host.version} in ${host.dir} (${supported ? 'supported' : 'not in the list of supported versions'})`,
      `evolution-guard ${guardVersion}; applied: ${applied}`,
      ...rows,
    ]),
    data: {
      hostDir: host.dir,
      hostVersion: host.version,
      supported,
      guardVersion,
      appliedVersion: appliedVersion ?? null,
      tarballPresent,
      recipes,
    },
  };
}

function nextSteps(hostDir: string): string[] {
  return [
    'Next:',
    `  cd ${hostDir}`,
    '  npm install        (also brings package-lock.json up to date, which docker build needs)',
    '  npm run build      (or docker build, whichever you always do)',
    "  set GUARD_ENABLED=true beside the host's other variables, and start it as always",
  ];
}

function listed(title: string, paths: readonly string[]): string[] {
  return paths.length === 0 ? [] : [title, ...paths.map((path) => `  ${path}`)];
}

function lines(all: readonly string[]): string {
  return `${all.join('\n')}\n`;
}
