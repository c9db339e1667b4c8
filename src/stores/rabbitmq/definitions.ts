import { GuardError } from '../../core/errors';
import type { Settings } from '../../core/settings';

/** As RabbitMQ's management API and its definition files write a policy, less the virtual host. */
export interface Policy {
  name: string;
  /** Regular expression (PCRE) for names of queues. */
  pattern: string;
  'apply-to': string;
  /** Of all policies that match a queue only the one with the highest priority applies. */
  priority: number;
  definition: Readonly<Record<string, unknown>>;
}

/** What the broker is to have. */
export interface Definitions {
  policies: readonly Policy[];
  /** Name of the dead-letter exchange, and of the queue that is bound to it. */
  deadLetters?: string;
}

export type PolicySettings = Pick<
  Settings,
  | 'rabbitmqMessageTtlSeconds'
  | 'rabbitmqMaxLength'
  | 'rabbitmqMaxLengthBytes'
  | 'rabbitmqOverflow'
  | 'rabbitmqDeadLetterExchange'
  | 'rabbitmqDeadLetterMaxBytes'
>;

export const POLICY = 'evolution-guard';
export const DEAD_LETTER_POLICY = 'evolution-guard-dead-letters';

/** Above the catch-all policies that are usual at 0, with room above for exceptions. */
const PRIORITY = 10;
/** Every version from 3.10 on knows it. `quorum_queues` would come with 3.12 only. */
const APPLY_TO = 'queues';

export const NO_DEFINITIONS: Definitions = { policies: [] };

/**
 * The policies that settings ask for; none where no limit and no exchange is set. Keys are those that quorum queues have
 * from RabbitMQ 3.10 on (rabbitmq.com/docs/quorum-queues, "Policy support").
 *
 * @param pattern for the names of the queues that are limited.
 * @throws GuardError GUARD_SETTINGS_INVALID where the dead-letter queue would be limited as one of these.
 */
export function wantedDefinitions(settings: PolicySettings, pattern: string): Definitions {
  const { rabbitmqOverflow: overflow, rabbitmqDeadLetterExchange: deadLetters } = settings;
  const limits = limitsOf(settings);
  if (Object.keys(limits).length === 0 && deadLetters === undefined) return NO_DEFINITIONS;
  const common = { 'apply-to': APPLY_TO, priority: PRIORITY };
  const definition = { ...limits, overflow };
  const policy = { name: POLICY, pattern, ...common };
  if (deadLetters === undefined) return { policies: [{ ...policy, definition }] };
  if (new RegExp(pattern).test(deadLetters)) {
    const mistake = `GUARD_RABBITMQ_DEAD_LETTER_EXCHANGE: "${deadLetters}" is the name of a queue of the host`;
    throw new GuardError('GUARD_SETTINGS_INVALID', `\n  - ${mistake}\n`);
  }
  return {
    deadLetters,
    policies: [
      { ...policy, definition: { ...definition, ...deadLettering(deadLetters, overflow) } },
      {
        name: DEAD_LETTER_POLICY,
        pattern: `^${deadLetters.replaceAll('.', '\\.')}$`,
        ...common,
        definition: { 'max-length-bytes': settings.rabbitmqDeadLetterMaxBytes, overflow: 'drop-head' },
      },
    ],
  };
}

/** The form of `rabbitmqctl import_definitions`, of `load_definitions`, and of the import in the management page. */
export function definitionFile({ policies, deadLetters }: Definitions, vhost: string): Record<string, object[]> {
  const own = { policies: policies.map((policy) => ({ vhost, ...policy })) };
  if (deadLetters === undefined) return own;
  const binding = { source: deadLetters, destination: deadLetters, destination_type: 'queue', ...DEAD_LETTER_BINDING };
  return {
    ...own,
    exchanges: [{ vhost, name: deadLetters, ...DEAD_LETTER_EXCHANGE }],
    queues: [{ vhost, name: deadLetters, ...DEAD_LETTER_QUEUE }],
    bindings: [{ vhost, ...binding }],
  };
}

/** Messages keep their routing key, the event, so that consumers can take some of them by a binding of their own. */
export const DEAD_LETTER_EXCHANGE = {
  type: 'topic',
  durable: true,
  auto_delete: false,
  internal: false,
  arguments: {},
};
export const DEAD_LETTER_QUEUE = { durable: true, auto_delete: false, arguments: { 'x-queue-type': 'quorum' } };
export const DEAD_LETTER_BINDING = { routing_key: '#', arguments: {} };

/** RabbitMQ confirms the passage to the dead-letter queue only where full queues refuse instead of dropping. */
function deadLettering(exchange: string, overflow: PolicySettings['rabbitmqOverflow']) {
  const strategy = overflow === 'reject-publish' ? 'at-least-once' : 'at-most-once';
  return { 'dead-letter-exchange': exchange, 'dead-letter-strategy': strategy };
}

function limitsOf(settings: PolicySettings): Record<string, number> {
  const {
    rabbitmqMessageTtlSeconds: seconds,
    rabbitmqMaxLength: length,
    rabbitmqMaxLengthBytes: lengthBytes,
  } = settings;
  return {
    ...(seconds !== undefined && { 'message-ttl': seconds * 1000 }),
    ...(length !== undefined && { 'max-length': length }),
    ...(lengthBytes !== undefined && { 'max-length-bytes': lengthBytes }),
  };
}
