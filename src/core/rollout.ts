import { createHash } from 'node:crypto';
import { z } from 'zod';

/** Features that can act for some instances and not for others. The cache is one for the whole process. */
export const ROLLOUT_FEATURES = ['events', 'webhooks', 'sends', 'instances'] as const;
export type RolloutFeature = (typeof ROLLOUT_FEATURES)[number];

interface Rule {
  text: string;
  /** Of all instances, 0 to 100; absent where the rule goes by name. */
  percent?: number;
  includes(instance: string): boolean;
}

interface Part {
  /** Absent: for every feature that has no rule of its own. */
  feature?: RolloutFeature;
  rule: Rule;
}

/** Which instances each feature acts for. What is not in it stays stock. */
export class Rollout {
  constructor(private readonly parts: readonly Part[]) {}

  /** Whether the feature acts for every instance there can be. */
  isFull(feature: RolloutFeature): boolean {
    return this.rulesOf(feature).some(({ percent }) => percent === 100);
  }

  /** Whether it acts for none. */
  isEmpty(feature: RolloutFeature): boolean {
    return this.rulesOf(feature).every(({ percent }) => percent === 0);
  }

  includes(feature: RolloutFeature, instance: string): boolean {
    return this.rulesOf(feature).some((rule) => rule.includes(instance));
  }

  /** For the operator: "all instances", "25% of instances and instances named shop-*", "no instance". */
  describe(feature: RolloutFeature): string {
    if (this.isFull(feature)) return 'all instances';
    if (this.isEmpty(feature)) return 'no instance';
    const rules = this.rulesOf(feature).filter(({ percent }) => percent !== 0);
    const shares = rules.filter(({ percent }) => percent !== undefined).map(({ text }) => `${text} of instances`);
    const names = rules.filter(({ percent }) => percent === undefined).map(({ text }) => text);
    const named = names.length > 0 ? [`instances named ${names.join(', ')}`] : [];
    return [...shares, ...named].join(' and ');
  }

  private rulesOf(feature: RolloutFeature): Rule[] {
    const own = this.parts.filter((part) => part.feature === feature);
    const parts = own.length > 0 ? own : this.parts.filter((part) => part.feature === undefined);
    return parts.map(({ rule }) => rule);
  }
}

/**
 * Reads `rule, rule, ...`. A rule is `[feature=]which`, and `which` is `25%`, a name with `*` for any characters, or
 * `all`. Rules of one feature add up; those without a feature are for the features that have none of their own.
 */
export const rollout = z.string().transform((text, context) => {
  const parts: Part[] = [];
  for (const part of text.split(',').map((each) => each.trim())) {
    const read = readPart(part);
    if (typeof read !== 'string') parts.push(read);
    else context.addIssue({ code: 'custom', message: `"${part}" ${read}` });
  }
  return new Rollout(parts);
});

/** What holds where nothing is set. */
export const EVERYTHING = new Rollout([{ rule: shareRule('all', 100) }]);

/** @returns what is wrong with it, instead of a part. */
function readPart(part: string): Part | string {
  const [, name, which = ''] = /^(?:([^=]*)=)?(.*)$/.exec(part) ?? [];
  if (name === 'cache') return 'cannot be rolled out by instance: the cache is one for the whole process';
  const feature = ROLLOUT_FEATURES.find((each) => each === name);
  if (name !== undefined && !feature) return `must begin with ${ROLLOUT_FEATURES.join('=, ')}= or have no =`;
  const rule = readRule(which);
  if (typeof rule === 'string') return rule;
  return feature ? { feature, rule } : { rule };
}

function readRule(which: string): Rule | string {
  if (which === '') return 'is empty: write 25%, a name with *, or all';
  if (which === 'all' || which === '*') return shareRule(which, 100);
  if (which.endsWith('%')) {
    const percent = /^\d{1,3}%$/.test(which) ? Number.parseInt(which, 10) : Number.NaN;
    return percent <= 100 ? shareRule(which, percent) : 'must be a whole percentage from 0% to 100%';
  }
  // A percentage without its sign would be taken for a name that nobody has.
  if (/^\d{1,2}$|^100$/.test(which)) return `must be written ${which}% if it is a percentage`;
  return nameRule(which);
}

/** A larger share holds all instances of a smaller one: raising it takes nobody out. */
function shareRule(text: string, percent: number): Rule {
  return { text, percent, includes: (instance) => percent === 100 || placeOf(instance) < percent };
}

function nameRule(text: string): Rule {
  const parts = text.split('*').map((part) => part.replace(/[\\^$.|?+()[\]{}]/g, '\\$&'));
  const pattern = new RegExp(`^${parts.join('.*')}$`, 's');
  return { text, includes: (instance) => pattern.test(instance) };
}

/** From 0 to below 100, always the same for a name, and the same for every feature. */
function placeOf(instance: string): number {
  return (createHash('sha256').update(instance).digest().readUInt32BE(0) / 2 ** 32) * 100;
}
