// The import direction of the house, see docs/architecture.md: entries -> compose -> host, console -> features -> stores -> core.
const features = 'events|inbound|sends|instances|backup|cache|chatwoot|consumer';

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'core-knows-nothing',
      severity: 'error',
      from: { path: '^src/core/' },
      to: { path: '^(src|patches)/', pathNot: '^src/core/' },
    },
    {
      name: 'stores-know-only-core',
      severity: 'error',
      from: { path: '^src/stores/' },
      to: { path: '^(src|patches)/', pathNot: '^src/(core|stores|metrics)/' },
    },
    {
      name: 'metrics-know-only-core',
      severity: 'error',
      from: { path: '^src/metrics/' },
      to: { path: '^(src|patches)/', pathNot: '^src/(core|metrics)/' },
    },
    {
      name: 'features-know-only-stores-and-themselves',
      severity: 'error',
      from: { path: `^src/(${features})/` },
      to: { path: '^(src|patches)/', pathNot: '^src/(core|stores|metrics|$1)/' },
    },
    {
      name: 'host-and-console-do-not-wire',
      severity: 'error',
      from: { path: '^src/(host|console)/' },
      to: { path: '^(src/(compose|register|index|cli)|patches/)' },
    },
    {
      name: 'only-the-cli-patches',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/cli/' },
      to: { path: '^patches/' },
    },
    {
      name: 'patches-know-only-core',
      severity: 'error',
      from: { path: '^patches/' },
      to: { path: '^src/', pathNot: '^src/core/' },
    },
    {
      name: 'product-never-imports-tests-or-scripts',
      severity: 'error',
      from: { path: '^(src|patches)/' },
      to: { path: '^(test|scripts)/' },
    },
    {
      name: 'no-dev-dependency-in-the-product',
      severity: 'error',
      from: { path: '^(src|patches)/' },
      to: { dependencyTypes: ['npm-dev'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: 'generated' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
  },
};
