import type { Setting } from '../../src/core/setting-types';
import { SETTINGS } from '../../src/core/settings-table';
import { defaultText } from './default-text';
import { code, table } from './table';

const HEAD = ['Variable', "Else the host's", 'Value', 'Default', 'Meaning'];

export function configurationPage(): string {
  const rows = Object.values<Setting>(SETTINGS).map((setting) => [
    code(setting.env),
    code(setting.hostEnv ?? ''),
    setting.form,
    code(defaultText(setting)),
    setting.secret ? `${setting.meaning} Secret: never logged.` : setting.meaning,
  ]);
  return `# Configuration

Generated from src/core/settings-table.ts by \`npm run docs\`.

All settings are environment variables that are read once, at start. An empty variable counts as absent. A mistake, or
a \`GUARD_\` name that is not in this table, stops the start with one message that lists all of them.

${table(HEAD, rows)}
`;
}
