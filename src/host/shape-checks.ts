/** Looking at live objects of the host, of which nothing is certain. */

type Bag = Record<string, unknown>;
export const bag = (value: unknown): Bag => (typeof value === 'object' && value !== null ? (value as Bag) : {});

/** @returns the shapes out of the list that are missing, as the operator would look them up. */
export function missing(shapes: Record<string, boolean>): string[] {
  return Object.entries(shapes)
    .filter(([, there]) => !there)
    .map(([shape]) => shape);
}

export const hasMethod = (object: unknown, name: string) => typeof bag(object)[name] === 'function';

export function isMethod(object: unknown, name: string, arity: number): boolean {
  const method = bag(object)[name];
  return typeof method === 'function' && method.length === arity;
}
