import type { Outcome } from './trial';

const ROWS: readonly [keyof Outcome, string][] = [
  ['accepted', 'accepted'],
  ['delivered', 'delivered'],
  ['lost', 'lost'],
  ['duplicated', 'duplicated'],
  ['outOfOrder', 'out of order'],
  ['held', 'held in outbox'],
  ['webhooks', 'webhooks'],
];

const WITHOUT_BROKER = `  There was no RabbitMQ, so the outage and the delivery were not run. What ran: every send, the outbox, which
  holds the RabbitMQ events until a broker is there, and the host's own webhooks to a receiver in the demo.
`;

/** The figures of both hosts side by side, with a word on what could not be run. */
export function table(stock: Outcome | undefined, guarded: Outcome): string {
  const line = (title: string, left: string, right: string) =>
    `  ${title.padEnd(16)}${left.padStart(9)}${right.padStart(9)}\n`;
  const rows = ROWS.filter(([key]) => guarded[key] !== undefined).map(([key, title]) =>
    line(title, `${stock?.[key] ?? 'not run'}`, `${guarded[key]}`),
  );
  const note = guarded.held === undefined ? '' : `\n${WITHOUT_BROKER}`;
  return `\n${line('', 'stock', 'guarded')}${rows.join('')}${note}\n`;
}
