// npm run faults: see npm run faults -- events --help, npm run faults -- sends --help.
import { runScript } from './host/run-script.mjs';

runScript(`scripts/faults/${process.argv[2] === 'sends' ? 'sends/' : ''}main.ts`);
