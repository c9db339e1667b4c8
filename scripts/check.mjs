// npm run check: everything that is checked without running the product. All checks run, whatever the others find.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { prepare, root } from './install.mjs';

const CHECKS = {
  formatting: ['prettier', '--check', '.'],
  lint: ['eslint', '.'],
  types: ['tsc', '-p', '.'],
  'import direction': ['depcruise', '--config', 'scripts/imports.cjs', 'src', 'patches', 'test', 'scripts'],
  'generated pages': ['tsx', 'scripts/docs/main.ts', '--check'],
  'names of tests': ['tsx', 'scripts/test-names.ts'],
};

prepare();
const results = await Promise.all(Object.entries(CHECKS).map(([name, command]) => check(name, command)));
process.exitCode = results.every(Boolean) ? 0 : 1;

/** Prints a line, and below it what the check has found. */
function check(name, [tool, ...args]) {
  const start = performance.now();
  const child = spawn(join(root, 'node_modules/.bin', tool), args, { cwd: root });
  let output = '';
  child.stdout.on('data', (chunk) => (output += chunk));
  child.stderr.on('data', (chunk) => (output += chunk));
  return new Promise((resolve) => {
    child.on('close', (code) => {
      const seconds = ((performance.now() - start) / 1000).toFixed(1);
      console.log(`${code === 0 ? 'ok    ' : 'FAILED'} ${name} (${seconds} s)`);
      if (code !== 0) console.log(output.trimEnd());
      resolve(code === 0);
    });
  });
}
