import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { configurationPage } from './configuration';
import { decisionsPage } from './decisions';
import { environmentExample } from './environment-example';
import { errorsPage } from './errors';
import { metricsPage } from './metrics';

const root = join(__dirname, '../..');

const PAGES: Record<string, () => string> = {
  'docs/configuration.md': configurationPage,
  'docs/decisions.md': decisionsPage,
  'docs/errors.md': errorsPage,
  'docs/metrics.md': metricsPage,
  '.env.example': environmentExample,
};

void main(process.argv.includes('--check'));

async function main(onlyCheck: boolean): Promise<void> {
  for (const [page, generate] of Object.entries(PAGES)) {
    const path = join(root, page);
    const text = await formatted(path, generate());
    if (existsSync(path) && readFileSync(path, 'utf8') === text) continue;
    if (onlyCheck) {
      console.error(`${page} is not what its table says: run npm run docs`);
      process.exitCode = 1;
    } else {
      writeFileSync(path, text);
      console.log(`wrote ${page}`);
    }
  }
}

async function formatted(path: string, text: string): Promise<string> {
  if (!path.endsWith('.md')) return text;
  return format(text, { ...(await resolveConfig(path)), filepath: path });
}
