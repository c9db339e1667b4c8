/** The cached value as it is in the database: undefined where there is no row. */
type Row = Readonly<Record<string, unknown>> | undefined;

/**
 * Names of Chatwoot's settings that the cache has other values for than the table. What only one of them knows is left out, as
 * versions of the host differ.
 *
 * @param text the value of the key, as Redis has it.
 */
export function differingSettings(text: string, row: Row): string[] {
  const cached = parsed(text);
  if (!cached) return ['the value is not as the host writes it'];
  if (!row) return ['there are none'];
  return Object.keys(cached).filter((name) => name in row && canonical(cached[name]) !== canonical(row[name]));
}

function parsed(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined; // told by the caller
  }
}

/** The host reads nothing, an empty text, list and `false` alike; MySQL has 1 and 0 for flags, and a text for lists. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? '' : JSON.stringify(value);
  if (typeof value === 'string') return value.startsWith('[') ? listOf(value) : value;
  if (value === true) return '1';
  return value === undefined || value === null || value === false || value === 0 ? '' : JSON.stringify(value);
}

/** However the server spaces it. */
function listOf(text: string): string {
  try {
    return canonical(JSON.parse(text));
  } catch {
    return text; // it only begins like a list
  }
}
