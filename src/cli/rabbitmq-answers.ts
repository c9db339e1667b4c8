import { definitionFile, type Definitions, type Policy } from '../stores/rabbitmq/definitions';
import type { PolicyChange, PolicyPlan, Rival } from '../stores/rabbitmq/policy-plan';
import type { Answer } from './output';

export function definitionsAnswer(wanted: Definitions, vhost: string): Answer {
  const definitions = definitionFile(wanted, vhost);
  const commands = wanted.policies.map((policy) => setPolicy(policy, vhost));
  const warnings = lossOf(wanted);
  const data = { wanted: wanted.policies.length > 0, commands, definitions, warnings };
  if (!data.wanted) return { text: `${NOTHING_SET}\n`, data };
  const only = wanted.deadLetters === undefined ? '' : ' The dead-letter exchange and its queue must be there first.';
  const text = [
    `# The policies for an administrator's shell.${only}`,
    ...commands,
    '',
    '# All of it as a definition file: rabbitmqctl import_definitions <file>',
    JSON.stringify(definitions, undefined, 2),
    ...warnings.map((warning) => `\n# Warning: ${warning}`),
  ];
  return { text: lines(text), data };
}

export function appliedAnswer(wanted: Definitions, plan: PolicyPlan, dryRun: boolean): Answer {
  const { vhost, changes, missing, queues } = plan;
  const warnings = warningsOf(wanted, plan);
  const nothing = changes.length + missing.length === 0;
  const outcome = nothing ? 'nothing to do' : dryRun ? 'would apply' : 'applied';
  const matched = { total: queues.total, examples: queues.names.slice(0, SHOWN) };
  const data = { outcome, vhost, changes, declared: missing, queues: matched, warnings };
  const example = matched.examples.length === 0 ? '' : `, such as ${matched.examples.join(', ')}`;
  const text = [
    `Virtual host ${vhost}: ${queues.total} queues have names of the host${example}`,
    ...missing.map((what) => `+ ${what}`),
    ...changes.flatMap(changeLines),
    ...(wanted.policies.length === 0 && nothing ? [NOTHING_SET] : []),
    ...warnings.map((warning) => `Warning: ${warning}`),
    ENDINGS[outcome],
  ];
  return { text: lines(text), data };
}

/** A sentence for each difference between a policy and the settings. */
export function differences({ name, before, after }: PolicyChange): string[] {
  if (!before) return [`policy ${name} is missing`];
  if (!after) return [`policy ${name} is there, but the settings want none`];
  const [is, wanted] = [flat(before), flat(after)];
  return keysOf(is, wanted).map((key) => {
    if (is[key] === undefined) return `${name} has no ${key}, the settings say ${wanted[key]}`;
    if (wanted[key] === undefined) return `${name} has ${key} ${is[key]}, the settings have none`;
    // The pattern is long, and nobody sets it.
    if (key === 'pattern') return `${name} has the pattern of another release`;
    return `${name} has ${key} ${is[key]}, the settings say ${wanted[key]}`;
  });
}

export function warningsOf(wanted: Definitions, { rivals, passedOver, queues }: PolicyPlan): string[] {
  const of = queues.total > queues.names.length ? `the first ${queues.names.length}` : `${queues.total}`;
  const another = `${passedOver.length} of ${of} queues, such as ${passedOver[0]}, are of a type that cannot have this policy`;
  return [
    ...rivals.map((rival) => rivalWarning(rival, of)),
    ...(passedOver.length > 0
      ? [`${another}: delete them once they are empty, and they come back as quorum queues.`]
      : []),
    ...lossOf(wanted),
  ];
}

function rivalWarning({ name, priority, keys, queues, example, wins }: Rival, of: string): string {
  const where = `policy ${name} (priority ${priority}) applies to ${queues} of ${of} queues, such as ${example}`;
  if (!wins) return `${where}: it gives way there, and its ${keys.join(', ')} with it.`;
  return `${where}, and only one policy can: lower its priority, narrow its pattern, or add there what is set here.`;
}

/** What goes away for good by these definitions. */
function lossOf({ policies, deadLetters }: Definitions): string[] {
  if (deadLetters !== undefined) return [];
  const ways = policies.flatMap(({ definition }) => [
    ...('message-ttl' in definition ? ['messages that expire'] : []),
    ...(definition['overflow'] === 'drop-head' && ('max-length' in definition || 'max-length-bytes' in definition)
      ? ['the oldest messages of a full queue']
      : []),
  ]);
  if (ways.length === 0) return [];
  return [`${ways.join(' and ')} are deleted for good: set GUARD_RABBITMQ_DEAD_LETTER_EXCHANGE to keep them.`];
}

function changeLines({ name, before, after }: PolicyChange): string[] {
  const [is, wanted] = [before ? flat(before) : {}, after ? flat(after) : {}];
  const sign = !before ? '+' : !after ? '-' : '~';
  const inner = keysOf(is, wanted).map((key) => {
    if (before && after) return `    ${key}: ${is[key] ?? 'none'} -> ${wanted[key] ?? 'none'}`;
    return `    ${key}: ${is[key] ?? wanted[key]}`;
  });
  return [`${sign} policy ${name}`, ...inner];
}

/** Its own fields and those of its definition, by one name each. */
function flat({ pattern, priority, definition, ...rest }: Policy): Record<string, string> {
  const all = { pattern, 'apply-to': rest['apply-to'], priority, ...definition };
  return Object.fromEntries(Object.entries(all).map(([key, value]) => [key, asText(value)]));
}

const asText = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value));

/** Keys whose values differ. */
function keysOf(is: Record<string, string>, wanted: Record<string, string>): string[] {
  const all = new Set([...Object.keys(is), ...Object.keys(wanted)]);
  return [...all].filter((key) => is[key] !== wanted[key]).sort();
}

function setPolicy({ name, pattern, priority, definition, ...rest }: Policy, vhost: string): string {
  const options = `--vhost ${quoted(vhost)} --priority ${priority} --apply-to ${rest['apply-to']}`;
  return `rabbitmqctl set_policy ${options} ${name} ${quoted(pattern)} ${quoted(JSON.stringify(definition))}`;
}

/** For a POSIX shell. */
const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;

const lines = (all: readonly string[]) => `${all.join('\n')}\n`;

const SHOWN = 3;
const NOTHING_SET =
  'No policy is wanted: set GUARD_RABBITMQ_MESSAGE_TTL_SECONDS, GUARD_RABBITMQ_MAX_LENGTH, ' +
  'GUARD_RABBITMQ_MAX_LENGTH_BYTES or GUARD_RABBITMQ_DEAD_LETTER_EXCHANGE.';
const ENDINGS = {
  'nothing to do': 'Nothing to do.',
  'would apply': 'Nothing was changed: this was a dry run.',
  applied: 'Done.',
};
