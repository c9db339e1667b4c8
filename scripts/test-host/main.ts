import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe } from '../../src/core/errors';
import { openCheckout } from '../host/checkout';
import { copySource, viewBuilt } from '../host/checkout-program';
import { buildIfStale } from '../host/own-build';
import { PACKAGE_ROOT, type HostProgram } from '../host/program';
import { Progress } from '../host/progress';
import { readOptions } from './options';

function testHost(progress: Progress): number {
  const options = readOptions(process.argv.slice(2));
  const checkout = openCheckout(options.host);
  const program = options.dist ? viewBuilt(checkout, 'patched') : prepareSource();

  progress.say(`running the contract suite against ${program.name}`);
  const code = runContractSuite(program);
  progress.say(code === 0 ? 'all is well' : 'this host does not do what it must: see above');
  return code;

  function prepareSource(): HostProgram {
    buildIfStale(progress);
    progress.say(`copying and patching EvolutionAPI ${checkout.version}; ${checkout.folder} itself stays as it is`);
    const copy = copySource(checkout, 'patched');
    progress.say("type-checking the patched copy with the host's own compiler");
    checkTypes(copy);
    return copy;
  }
}

function checkTypes({ folder }: HostProgram): void {
  const compiler = join(folder, 'node_modules', 'typescript', 'bin', 'tsc');
  const { status } = spawnSync(process.execPath, [compiler, '--noEmit'], { cwd: folder, stdio: 'inherit' });
  if (status !== 0) throw new Error('The patched copy does not compile: see above.');
}

function runContractSuite(program: HostProgram): number {
  const { status } = spawnSync(process.execPath, ['scripts/test.mjs', 'test/contract'], {
    cwd: PACKAGE_ROOT,
    stdio: 'inherit',
    env: { ...process.env, CONTRACT_HOST: JSON.stringify(program) },
  });
  return status === 0 ? 0 : 1;
}

const progress = new Progress(process.stdout);
try {
  process.exitCode = testHost(progress);
} catch (error) {
  console.error(`\nThe host cannot be tested: ${describe(error)}`);
  process.exitCode = 1;
}
// The copy of the host ends with this process.
process.exit();
