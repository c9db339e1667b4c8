import { z } from 'zod';

export interface Setting {
  /** The variable that sets it. */
  env: string;
  /** The host's own variable that serves when ours is absent. */
  hostEnv?: string;
  type: z.ZodType;
  /** As the documentation writes the type. */
  form: string;
  default?: unknown;
  meaning: string;
  secret?: boolean;
}

export const flag = z
  .enum(['true', 'false'], { error: 'must be true or false' })
  .transform((value) => value === 'true');

export function whole(least: number, most: number) {
  const message = `must be a whole number from ${least} to ${most}`;
  return z.string().regex(/^\d+$/, message).transform(Number).pipe(z.number().min(least, message).max(most, message));
}

const schemesOf = (schemes: readonly string[]) => schemes.map((scheme) => `${scheme}://`).join(' or ');

const isUrl = (value: string, schemes: readonly string[]) =>
  URL.canParse(value) && schemes.includes(new URL(value).protocol.slice(0, -1));

export function url(...schemes: string[]) {
  return z.string().refine((value) => isUrl(value, schemes), `must be a URL that starts with ${schemesOf(schemes)}`);
}

/** Several, separated by commas or spaces. */
export function urls(...schemes: string[]) {
  return z
    .string()
    .transform((text) => text.split(/[\s,]+/).filter((each) => each !== ''))
    .refine(
      (all) => all.length > 0 && all.every((each) => isUrl(each, schemes)),
      `must be URLs that start with ${schemesOf(schemes)}, separated by commas`,
    );
}
