// npm test [-- <word>... <jest options>]: a word picks the test files that have it in their path, such as `events`.
import { prepare, root } from './install.mjs';

prepare();
process.chdir(root);
process.env.NODE_ENV ??= 'test';
const { run } = await import('jest');
await run(process.argv.slice(2));
