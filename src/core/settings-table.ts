import { z } from 'zod';
import { CACHE_SETTINGS } from './cache-settings';
import { INSTANCE_SETTINGS } from './instance-settings';
import { LOG_LEVELS } from './log';
import { rollout } from './rollout';
import { SEND_SETTINGS } from './send-settings';
import { flag, url, whole, type Setting } from './setting-types';

/** As the Standard Webhooks specification writes symmetric secrets. */
function isWebhookSecret(secret: string): boolean {
  const [, base64] = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(secret) ?? [];
  const bytes = base64 === undefined ? 0 : Buffer.from(base64, 'base64').length;
  return bytes >= 24 && bytes <= 64;
}

/** Every setting, once. Parsing, `.env.example` and docs/configuration.md all come from this table. */
export const SETTINGS = {
  enabled: {
    env: 'GUARD_ENABLED',
    type: flag,
    form: 'true or false',
    default: false,
    meaning: 'Master switch. While false, the patched host behaves as if it were not patched.',
  },
  eventsEnabled: {
    env: 'GUARD_EVENTS',
    type: flag,
    form: 'true or false',
    default: true,
    meaning: 'Take RabbitMQ events through the outbox. Has an effect only where RABBITMQ_ENABLED is true.',
  },
  rollout: {
    env: 'GUARD_ROLLOUT',
    type: rollout,
    form: 'rules, separated by commas',
    meaning:
      'Instances that are guarded, as a share or by name: `25%`, `shop-*`, or by feature `events=25%,events=shop-*,sends=all`. What is not in it stays stock. Absent: all instances.',
  },
  databaseProvider: {
    env: 'GUARD_DATABASE_PROVIDER',
    hostEnv: 'DATABASE_PROVIDER',
    type: z.enum(['postgresql', 'psql_bouncer', 'mysql'], { error: 'must be postgresql, psql_bouncer or mysql' }),
    form: 'postgresql, psql_bouncer or mysql',
    default: 'postgresql',
    meaning:
      'psql_bouncer where a pooler stands before PostgreSQL and hands connections out for a transaction at a time. Else without effect: the URI tells the kind of database.',
  },
  databaseUri: {
    env: 'GUARD_DATABASE_URI',
    hostEnv: 'DATABASE_CONNECTION_URI',
    type: url('postgresql', 'postgres', 'mysql', 'mariadb'),
    form: 'URL',
    secret: true,
    meaning:
      'Database that holds the outbox: PostgreSQL, MySQL from 8.0.17 or MariaDB from 10.5, whatever the host has. Absent in both forms: the plugin stays off.',
  },
  databaseSchema: {
    env: 'GUARD_DATABASE_SCHEMA',
    type: z.string().regex(/^[a-z_][a-z0-9_]{0,47}$/, 'must be lower-case letters, digits and _, at most 48'),
    form: 'name',
    default: 'evolution_guard',
    meaning:
      'Schema of the own tables, created at start; in MySQL and MariaDB the beginning of their names, in the database of the URI. Installations that share a database need one each.',
  },
  databasePoolSize: {
    env: 'GUARD_DATABASE_POOL_SIZE',
    type: whole(2, 50),
    form: 'whole number, 2 to 50',
    default: 4,
    meaning: 'Connections of the own pool, apart from those of the host.',
  },
  clientName: {
    env: 'GUARD_CLIENT_NAME',
    hostEnv: 'DATABASE_CONNECTION_CLIENT_NAME',
    type: z.string().max(200, 'must have at most 200 characters'),
    form: 'name',
    default: 'evolution',
    meaning: 'Name of this installation; the own tables are bound to the first one that uses them.',
  },
  rabbitmqUri: {
    env: 'GUARD_RABBITMQ_URI',
    hostEnv: 'RABBITMQ_URI',
    type: url('amqp', 'amqps'),
    form: 'URL',
    secret: true,
    meaning: 'Broker that events are published to.',
  },
  rabbitmqFrameMax: {
    env: 'GUARD_RABBITMQ_FRAME_MAX',
    hostEnv: 'RABBITMQ_FRAME_MAX',
    type: whole(4096, 1_048_576),
    form: 'whole number, 4096 to 1048576',
    default: 8192,
    meaning: 'Largest AMQP frame in bytes that is negotiated.',
  },
  rabbitmqManagementUrl: {
    env: 'GUARD_RABBITMQ_MANAGEMENT_URL',
    type: url('http', 'https'),
    form: 'URL',
    secret: true,
    meaning:
      "Management API of that broker, for the command `rabbitmq policies` and `doctor` only. Absent: the broker's host at port 15672, or 15671 for amqps; without credentials in it: those of the broker.",
  },
  rabbitmqMessageTtlSeconds: {
    env: 'GUARD_RABBITMQ_MESSAGE_TTL_SECONDS',
    type: whole(1, 4_294_967),
    form: 'whole number, 1 to 4294967',
    meaning:
      "Seconds after which a message that nobody took leaves the host's queues. Put in force by `rabbitmq policies apply`.",
  },
  rabbitmqMaxLength: {
    env: 'GUARD_RABBITMQ_MAX_LENGTH',
    type: whole(1, 1_000_000_000),
    form: 'whole number, 1 to 1000000000',
    meaning: "Messages that may wait in each of the host's queues. Put in force by `rabbitmq policies apply`.",
  },
  rabbitmqMaxLengthBytes: {
    env: 'GUARD_RABBITMQ_MAX_LENGTH_BYTES',
    type: whole(1024, 1_099_511_627_776),
    form: 'whole number, 1024 to 1099511627776',
    meaning: "Bytes of messages that may wait in each of the host's queues. Put in force by `rabbitmq policies apply`.",
  },
  rabbitmqOverflow: {
    env: 'GUARD_RABBITMQ_OVERFLOW',
    type: z.enum(['reject-publish', 'drop-head'], { error: 'must be reject-publish or drop-head' }),
    form: 'reject-publish or drop-head',
    default: 'reject-publish',
    meaning:
      'What a full queue does: refuse new events, which then wait in the outbox, or drop its oldest. Put in force by `rabbitmq policies apply`.',
  },
  rabbitmqDeadLetterExchange: {
    env: 'GUARD_RABBITMQ_DEAD_LETTER_EXCHANGE',
    type: z
      .string()
      .regex(
        /^(?!amq\.)[A-Za-z0-9._:-]{1,200}$/,
        'must be letters, digits, . _ : and -, at most 200, and not begin with amq.',
      ),
    form: 'name',
    meaning:
      "Exchange that takes what expires in the host's queues, is dropped from them or refused by a consumer. It and a queue of the same name are declared by `rabbitmq policies apply`.",
  },
  rabbitmqDeadLetterMaxBytes: {
    env: 'GUARD_RABBITMQ_DEAD_LETTER_MAX_BYTES',
    type: whole(1024, 1_099_511_627_776),
    form: 'whole number, 1024 to 1099511627776',
    default: 1_073_741_824,
    meaning: 'Bytes that the queue of dead letters may hold; beyond, its oldest are dropped.',
  },
  webhooks: {
    env: 'GUARD_WEBHOOKS',
    type: z.enum(['stock', 'durable'], { error: 'must be stock or durable' }),
    form: 'stock or durable',
    default: 'stock',
    meaning:
      "Who delivers webhooks: the host as ever, or the outbox. Durable ones outlive a restart, are in each chat's order, and are tried until they are taken.",
  },
  webhookTimeoutMs: {
    env: 'GUARD_WEBHOOK_TIMEOUT_MS',
    hostEnv: 'WEBHOOK_REQUEST_TIMEOUT_MS',
    type: whole(1, 3_600_000),
    form: 'whole number, 1 to 3600000',
    default: 30_000,
    meaning: 'Milliseconds that the receiver of a durable webhook may take to answer.',
  },
  webhookConcurrency: {
    env: 'GUARD_WEBHOOK_CONCURRENCY',
    type: whole(1, 500),
    form: 'whole number, 1 to 500',
    default: 10,
    meaning: 'Durable webhooks under way at a time for each URL. Of one chat there is never more than one.',
  },
  webhookSecrets: {
    env: 'GUARD_WEBHOOK_SECRET',
    type: z
      .string()
      .transform((text) => text.split(/[\s,]+/).filter((secret) => secret !== ''))
      .refine(
        (secrets) => secrets.length > 0 && secrets.every(isWebhookSecret),
        'must be whsec_ and the base64 of 24 to 64 bytes, several separated by a comma or space',
      ),
    form: 'whsec_ and base64, several separated by a comma or space',
    secret: true,
    meaning:
      'Signs durable webhooks by the Standard Webhooks specification. Two while one takes the place of the other. Absent: no signature.',
  },
  eventMaxBytes: {
    env: 'GUARD_EVENT_MAX_BYTES',
    type: whole(1024, 134_217_728),
    form: 'whole number, 1024 to 134217728',
    default: 16_777_216,
    meaning:
      'Largest event in bytes of JSON that is published; a larger one goes to the dead letters. RabbitMQ 4 accepts 16 MiB unless told otherwise.',
  },
  eventMaxAttempts: {
    env: 'GUARD_EVENT_MAX_ATTEMPTS',
    type: whole(1, 1000),
    form: 'whole number, 1 to 1000',
    default: 10,
    meaning:
      'Refusals of one event (no queue bound, HTTP 4xx) before it goes to the dead letters. Receivers that are away, or answer 429 or 5xx, are waited for without limit.',
  },
  captureBufferEvents: {
    env: 'GUARD_CAPTURE_BUFFER_EVENTS',
    type: whole(100, 1_000_000),
    form: 'whole number, 100 to 1000000',
    default: 10_000,
    meaning:
      'Events that may wait in memory, for the database or where it is away and the spill file cannot take them.',
  },
  spillFolder: {
    env: 'GUARD_SPILL_DIR',
    type: z.string(),
    form: 'path',
    default: 'instances/evolution-guard-spill',
    meaning:
      'Folder of the file that takes events while the database does not answer. Must survive a restart: the default lies in the volume that the host keeps its instances in. One for each container.',
  },
  spillMaxMegabytes: {
    env: 'GUARD_SPILL_MAX_MB',
    type: whole(1, 1_000_000),
    form: 'whole number, 1 to 1000000',
    default: 1024,
    meaning: 'Size of that file in MiB beyond which events wait in memory. At 80 % an error is logged.',
  },
  relayWindow: {
    env: 'GUARD_RELAY_WINDOW',
    type: whole(1, 5000),
    form: 'whole number, 1 to 5000',
    default: 500,
    meaning:
      'Deliveries under way at a time, for each sink: publishes that wait for their confirmation, requests for their answer.',
  },
  eventsRetentionDays: {
    env: 'GUARD_EVENTS_RETENTION_DAYS',
    type: whole(0, 365),
    form: 'whole number, 0 to 365',
    default: 7,
    meaning: 'Days that delivered events are kept, for replay.',
  },
  deadLettersRetentionDays: {
    env: 'GUARD_DEAD_LETTERS_RETENTION_DAYS',
    type: whole(1, 3650),
    form: 'whole number, 1 to 3650',
    default: 30,
    meaning: 'Days that dead letters are kept.',
  },
  ...SEND_SETTINGS,
  ...INSTANCE_SETTINGS,
  ...CACHE_SETTINGS,
  apiKey: {
    env: 'GUARD_API_KEY',
    hostEnv: 'AUTHENTICATION_API_KEY',
    type: z.string().min(4, 'must have at least 4 characters'),
    form: 'text',
    secret: true,
    meaning:
      'Key that every /guard route asks for in the header `apikey`. Absent in both forms: the routes answer 401.',
  },
  logLevel: {
    env: 'GUARD_LOG_LEVEL',
    type: z.enum(LOG_LEVELS, { error: `must be one of ${LOG_LEVELS.join(', ')}` }),
    form: LOG_LEVELS.join(', '),
    default: 'info',
    meaning: 'Least severe log line that is written.',
  },
} as const satisfies Record<string, Setting>;
