// npm run faults: see npm run faults -- events --help, and the same of sends and of instances.
import { runScript } from './host/run-script.mjs';

const [, , what] = process.argv;
runScript(`scripts/faults/${what === 'sends' || what === 'instances' ? `${what}/` : ''}main.ts`);
