// npm run faults: see npm run faults -- events --help, and the same of sends, instances and cache.
import { runScript } from './host/run-script.mjs';

const [, , what] = process.argv;
runScript(`scripts/faults/${['sends', 'instances', 'cache'].includes(what) ? `${what}/` : ''}main.ts`);
