import type { Credentials } from '../../../src/stores/credentials';

/** The same for the same credentials. */
export function textOf(credentials: Credentials | undefined): string {
  return JSON.stringify([credentials?.creds, [...(credentials?.keys ?? [])].sort()]);
}

/** Of each of these instances. */
export async function textsOf(
  read: (id: string) => Promise<Credentials | undefined>,
  ids: readonly string[],
): Promise<Map<string, string>> {
  const texts = new Map<string, string>();
  for (const id of ids) texts.set(id, textOf(await read(id)));
  return texts;
}
