// npm run test:host -- <folder>: see npm run test:host -- --help.
import { runScript } from './host/run-script.mjs';

runScript('scripts/test-host/main.ts');
