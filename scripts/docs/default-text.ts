import type { Setting } from '../../src/core/setting-types';

/** As one would write it in the environment; empty where there is no default. */
export function defaultText({ default: value }: Setting): string {
  return value === undefined ? '' : `${value as string | number | boolean}`;
}
