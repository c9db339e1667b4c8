import { METRICS } from '../../src/metrics/registry';
import { code, table } from './table';

export function metricsPage(): string {
  const rows = Object.values(METRICS).map(({ name, type, labels, help }) => [
    code(name),
    type,
    labels.map(code).join(', '),
    help,
  ]);
  return `# Metrics

Generated from src/metrics/registry.ts by \`npm run docs\`.

${table(['Metric', 'Type', 'Labels', 'Meaning'], rows)}
`;
}
