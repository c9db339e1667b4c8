import { z } from 'zod';
import { hostList } from './host-list';
import { flag, urls, whole, type Setting } from './setting-types';

/** The part of the settings table that sends have for themselves. */
export const SEND_SETTINGS = {
  sendsEnabled: {
    env: 'GUARD_SENDS',
    type: flag,
    form: 'true or false',
    default: true,
    meaning:
      'Send one message at a time to each chat, in the order of acceptance, with a journal that outlives a crash.',
  },
  lockRedisUris: {
    env: 'GUARD_LOCK_REDIS_URIS',
    hostEnv: 'CACHE_REDIS_URI',
    type: urls('redis', 'rediss'),
    form: 'URLs, separated by commas',
    secret: true,
    meaning:
      'Redis that holds the locks of chats: one primary, or several that are independent of each other, of which most must agree. Absent in both forms: processes that share an instance find out about each other in the database only.',
  },
  lockFallback: {
    env: 'GUARD_LOCK_FALLBACK',
    type: z.enum(['process', 'refuse'], { error: 'must be process or refuse' }),
    form: 'process or refuse',
    default: 'process',
    meaning:
      'While that Redis does not answer: go on with the order of this process and the journal, with an alarm, or refuse sends with 503.',
  },
  lockLeaseMs: {
    env: 'GUARD_LOCK_LEASE_MS',
    type: whole(1_000, 300_000),
    form: 'whole number, 1000 to 300000',
    default: 10_000,
    meaning:
      "Milliseconds after which a chat's lock is free if the process that holds it stands still. It is renewed as long as the process works.",
  },
  sendsQueueLimit: {
    env: 'GUARD_SENDS_QUEUE_LIMIT',
    type: whole(1, 1_000_000),
    form: 'whole number, 1 to 1000000',
    default: 10_000,
    meaning: 'Sends that may wait in this process; beyond, they are refused with 429 and Retry-After.',
  },
  sendsChatQueueLimit: {
    env: 'GUARD_SENDS_CHAT_QUEUE_LIMIT',
    type: whole(1, 100_000),
    form: 'whole number, 1 to 100000',
    default: 1_000,
    meaning: 'Sends that may wait for one chat; beyond, they are refused with 429 and Retry-After.',
  },
  sendsRetrySeconds: {
    env: 'GUARD_SENDS_RETRY_SECONDS',
    type: whole(0, 3_600),
    form: 'whole number, 0 to 3600',
    default: 30,
    meaning:
      'Seconds for which a chat is waited for where nothing can have gone out: no connection, connection closed before writing, 429. Counted from its first failure since a send went well; after that each send gets one attempt. 0: never.',
  },
  sendsMaxTextCharacters: {
    env: 'GUARD_SENDS_MAX_TEXT_CHARACTERS',
    type: whole(1, 10_000_000),
    form: 'whole number, 1 to 10000000',
    default: 65_536,
    meaning: 'Longest text that is sent; a longer one is refused with 413. WhatsApp itself takes 65536 characters.',
  },
  sendsKeepMaxBytes: {
    env: 'GUARD_SENDS_KEEP_MAX_BYTES',
    type: whole(1_024, 67_108_864),
    form: 'whole number, 1024 to 67108864',
    default: 4_194_304,
    meaning:
      'Largest send in bytes that the journal keeps until it is sent, to resume it after a crash. A larger one is sent as well, but ends as failed if the process dies before.',
  },
  sendsInstancePerMinute: {
    env: 'GUARD_SENDS_INSTANCE_PER_MINUTE',
    type: whole(1, 100_000),
    form: 'whole number, 1 to 100000',
    meaning: 'Sends that an instance begins in a minute, evenly spread. Absent: as fast as they come.',
  },
  sendsChatPerMinute: {
    env: 'GUARD_SENDS_CHAT_PER_MINUTE',
    type: whole(1, 100_000),
    form: 'whole number, 1 to 100000',
    meaning: 'Sends that one chat gets in a minute, evenly spread. Absent: as fast as they come.',
  },
  sendsJitterMs: {
    env: 'GUARD_SENDS_JITTER_MS',
    type: whole(0, 60_000),
    form: 'whole number, 0 to 60000',
    default: 0,
    meaning: 'Milliseconds by which each wait for those rates is longer, at random up to this.',
  },
  sendsAckDeadlineSeconds: {
    env: 'GUARD_SENDS_ACK_DEADLINE_SECONDS',
    type: whole(10, 86_400),
    form: 'whole number, 10 to 86400',
    default: 300,
    meaning: 'Seconds that a message may be without an acknowledgement of WhatsApp before an alarm is logged.',
  },
  sendsRetentionDays: {
    env: 'GUARD_SENDS_RETENTION_DAYS',
    type: whole(1, 3650),
    form: 'whole number, 1 to 3650',
    default: 30,
    meaning: 'Days that the journal keeps sends after their end. What was written is deleted when it is sent.',
  },
  idempotencyHours: {
    env: 'GUARD_IDEMPOTENCY_HOURS',
    type: whole(1, 720),
    form: 'whole number, 1 to 720',
    default: 24,
    meaning:
      'Hours for which a request with the same Idempotency-Key gets the first answer again, at most as long as the journal keeps sends. Answers, which repeat what was sent, are deleted then.',
  },
  sequenceHttpHosts: {
    env: 'GUARD_SEQUENCE_HTTP_HOSTS',
    type: hostList,
    form: 'host, host:port, *.host, address or range, separated by commas',
    meaning:
      'Hosts that the HTTP steps and onError of sequences may reach: `crm.example.com` at the port of its scheme, `n8n:5678`, `*.example.com` for all names below it. Private addresses are reached only where they are listed as well: `10.0.0.7`, `172.18.0.0/16`. Absent: none.',
  },
} as const satisfies Record<string, Setting>;
