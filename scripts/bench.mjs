// npm run bench: see npm run bench -- --help.
import { runScript } from './host/run-script.mjs';

runScript('scripts/bench/main.ts');
