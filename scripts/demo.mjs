// npm run demo: see npm run demo -- --help.
import { runScript } from './host/run-script.mjs';

runScript('scripts/demo/main.ts');
