import type { Figures } from './tally';

const ROWS: readonly [keyof Figures, string][] = [
  ['accepted', 'accepted'],
  ['delivered', 'delivered'],
  ['lost', 'lost'],
  ['duplicated', 'duplicated'],
  ['outOfOrder', 'out of order'],
];

/** The figures of both hosts side by side. */
export function table(stock: Figures | undefined, guarded: Figures): string {
  const line = (title: string, left: string, right: string) =>
    `  ${title.padEnd(14)}${left.padStart(9)}${right.padStart(9)}\n`;
  const rows = ROWS.map(([key, title]) => line(title, `${stock?.[key] ?? 'not run'}`, `${guarded[key]}`));
  return `\n${line('', 'stock', 'guarded')}${rows.join('')}\n`;
}
