// npm run faults: see npm run faults -- --help.
import { runScript } from './host/run-script.mjs';

runScript('scripts/faults/main.ts');
