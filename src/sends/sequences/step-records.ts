import { createHash } from 'node:crypto';
import type { StepRecord } from '../../stores/sequence-store';
import type { Definition, Step } from './definition';

/** The steps of a sequence before the first of them has begun. */
export const newStepRecords = ({ steps }: Definition): StepRecord[] =>
  steps.map((step) => ({ ...described(step), state: 'waiting', attempts: 0 }));

/** In words that may be kept and shown: a path and a query may hold secrets. */
function described(step: Step): Pick<StepRecord, 'kind' | 'about'> {
  if ('send' in step) return { kind: 'send', about: step.send.route };
  if ('http' in step) return { kind: 'http', about: `${step.http.method} ${originOf(step.http.url)}` };
  if ('waitFor' in step) return { kind: 'waitFor', about: step.waitFor };
  return { kind: 'delay', about: `${step.delayMs} ms` };
}

export const originOf = (url: string) => (URL.canParse(url) ? new URL(url).origin : 'the URL');

/** The same for two definitions that ask for the same, in whatever order their fields are. */
export const hashOf = (definition: Definition) => createHash('sha256').update(sorted(definition)).digest('hex');

function sorted(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(sorted).join()}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const fields = Object.entries(value).filter(([, each]) => each !== undefined);
  return `{${fields.sort(([one], [other]) => (one < other ? -1 : 1)).map(([key, each]) => `${JSON.stringify(key)}:${sorted(each)}`).join()}}`; // prettier-ignore
}
