/** What the handshake decided about a feature. */
export type Verdict = 'on' | 'off-by-setting' | 'host-lacks';

export const FEATURES = ['events', 'webhooks', 'sends', 'instances', 'cache'] as const;
export type Feature = (typeof FEATURES)[number];

export interface FeatureVerdict {
  feature: Feature;
  verdict: Verdict;
  /** A sentence for the operator. */
  reason: string;
}
