import { CACHE_ERRORS } from './cache-errors';
import { INSTANCE_ERRORS } from './instance-errors';

interface Entry {
  /** What is wrong, a sentence. */
  meaning: string;
  /** What the operator does about it, a sentence in the imperative. */
  remedy: string;
}

/** Every error that an operator can meet. docs/errors.md is generated from this table. */
export const REGISTRY = {
  GUARD_SETTINGS_INVALID: {
    meaning: 'The settings have mistakes.',
    remedy: 'Correct every line named above; docs/configuration.md lists all settings with their types.',
  },
  GUARD_HOST_SHAPE: {
    meaning: 'This host lacks shapes that features which are switched on need.',
    remedy: 'Use a supported EvolutionAPI version, or switch the named feature off.',
  },
  GUARD_SCHEMA_FOREIGN: {
    meaning: 'The database schema belongs to another installation.',
    remedy: 'Give each DATABASE_CONNECTION_CLIENT_NAME its own GUARD_DATABASE_SCHEMA.',
  },
  GUARD_DATABASE_UNREACHABLE: {
    meaning: 'The database did not answer.',
    remedy:
      'Check that it runs and that GUARD_DATABASE_URI or DATABASE_CONNECTION_URI is right; it is tried again for ever.',
  },
  GUARD_DATABASE_REFUSED: {
    meaning: 'The database refused the user, the password or a permission.',
    remedy: 'Correct the credentials in GUARD_DATABASE_URI, or grant CREATE on the database to that user, and restart.',
  },
  GUARD_DATABASE_TOO_OLD: {
    meaning: 'The database server is older than the tables need.',
    remedy: 'Use MySQL 8.0.17 or MariaDB 10.5, or later ones, or name a PostgreSQL in GUARD_DATABASE_URI.',
  },
  GUARD_BROKER_UNREACHABLE: {
    meaning: 'RabbitMQ did not answer.',
    remedy:
      'Check that it runs and that GUARD_RABBITMQ_URI or RABBITMQ_URI is right; events wait in the outbox meanwhile.',
  },
  GUARD_BROKER_REFUSED: {
    meaning: 'RabbitMQ refused the user, the password or the virtual host.',
    remedy:
      'Correct the credentials in RABBITMQ_URI or grant the user access to the virtual host; events wait in the outbox meanwhile.',
  },
  GUARD_BROKER_BLOCKED: {
    meaning: 'RabbitMQ has run short of memory or disk and takes no messages.',
    remedy:
      'Let consumers empty its queues, or give it more memory or disk; events wait in the outbox and follow by themselves.',
  },
  GUARD_EVENT_UNROUTABLE: {
    meaning:
      'No queue was bound for an event, however often its queue was declared anew; it was parked in the dead letters.',
    remedy:
      'Look for what deletes or unbinds the queue (a policy with expires, a consumer, an operator), then redrive the event.',
  },
  GUARD_QUEUE_MISMATCH: {
    meaning: 'A queue or exchange exists with other arguments than the host declares.',
    remedy:
      'Nothing is lost: it is used as it stands. To get the declared arguments, let its consumers empty it, delete it, and it is declared again with the next event.',
  },
  GUARD_QUEUE_UNKNOWN: {
    meaning: 'RabbitMQ has no such queue.',
    remedy:
      'Declare the queue first, or correct its name: a copy of events goes only where somebody has made room for it.',
  },
  GUARD_MANAGEMENT_UNREACHABLE: {
    meaning: 'The management API of RabbitMQ did not answer.',
    remedy:
      'Check that the broker has the plugin rabbitmq_management and that GUARD_RABBITMQ_MANAGEMENT_URL names its port; or have an administrator run what `rabbitmq policies print` prints.',
  },
  GUARD_MANAGEMENT_REFUSED: {
    meaning: 'The management API of RabbitMQ refused a request.',
    remedy:
      'Give the user the tag policymaker and access to the virtual host, or name another user in GUARD_RABBITMQ_MANAGEMENT_URL; or have an administrator run what `rabbitmq policies print` prints.',
  },
  GUARD_POLICY_UNWANTED: {
    meaning: 'The broker has policies of evolution-guard, but the settings want none; nothing was changed.',
    remedy: 'Say --remove to take them away, or check that the folder and the settings are the right ones.',
  },
  GUARD_EVENT_NOT_SERIALIZABLE: {
    meaning: 'An event cannot be written as JSON, so no sink could have received it.',
    remedy:
      'Report the event type to whoever emits it: its data refers to itself or holds a value that JSON has no form for.',
  },
  GUARD_EVENT_TOO_LARGE: {
    meaning: 'An event is larger than the limit and was parked in the dead letters.',
    remedy:
      'Raise GUARD_EVENT_MAX_BYTES (and the max_message_size of RabbitMQ), or switch media in events (base64) off.',
  },
  GUARD_EVENT_MALFORMED: {
    meaning: 'An event has no instance or no event name.',
    remedy: 'Find the caller by the event name and origin in the log; the host publishes nothing useful for it either.',
  },
  GUARD_WEBHOOK_REFUSED: {
    meaning:
      'The receiver of a webhook refused an event again and again, or sent it elsewhere; it was parked in the dead letters.',
    remedy:
      'Look at the status: correct the URL or the headers of the webhook, or the receiver, then redrive the event; it goes to the URL that is set then.',
  },
  GUARD_WEBHOOK_SETTINGS: {
    meaning:
      'A webhook has a URL or headers that no request can be made of; its events are parked in the dead letters.',
    remedy: "Correct the instance's webhook (POST /webhook/set), then redrive its events.",
  },
  GUARD_WEBHOOK_OFF: {
    meaning: 'A webhook was switched off while events waited for it; they were parked in the dead letters.',
    remedy: 'Switch it on again and redrive them, or discard them.',
  },
  GUARD_WEBHOOK_GONE: {
    meaning:
      'The receiver of a webhook did not answer, and its instance was deleted meanwhile; the event was parked in the dead letters.',
    remedy: 'Redrive it when the receiver answers, or discard it.',
  },
  GUARD_CAPTURE_FULL: {
    meaning:
      'Neither the database nor the spill file takes events, and the buffer in memory is full: this event was refused.',
    remedy:
      'Bring the database back and make room on the disk; raise GUARD_CAPTURE_BUFFER_EVENTS to bridge longer times.',
  },
  GUARD_SPILL_UNWRITABLE: {
    meaning:
      'The spill file cannot be written: while the database is away, events wait in memory and would be lost with the process.',
    remedy: 'Make room on its disk, or name a folder that the host may write in GUARD_SPILL_DIR.',
  },
  GUARD_SPILL_NEARLY_FULL: {
    meaning: 'The spill file has reached 80 % of its limit.',
    remedy: 'Bring the database back, or raise GUARD_SPILL_MAX_MB and restart before it is full.',
  },
  GUARD_SPILL_FULL: {
    meaning: 'The spill file has reached its limit: events wait in memory and would be lost with the process.',
    remedy: 'Bring the database back; it drains by itself. Raise GUARD_SPILL_MAX_MB for the next time.',
  },
  GUARD_SPILL_DAMAGED: {
    meaning: 'The spill file had damaged lines, which were skipped: each may be an event that is lost.',
    remedy: 'One line after a crash is the event that was being written. More than that: check the disk.',
  },
  GUARD_CAPTURE_ABANDONED: {
    meaning:
      'The host was told to end while neither the database nor the spill file took events: those that waited are lost.',
    remedy: 'Bring the database back, or make the spill file writable, before the host is stopped.',
  },
  GUARD_OUTBOX_ABSENT: {
    meaning: 'The database has no outbox.',
    remedy:
      'Check the database and GUARD_DATABASE_SCHEMA; the outbox is made at the first start of the host with GUARD_ENABLED=true.',
  },
  GUARD_EVENT_UNKNOWN: {
    meaning: 'The outbox does not hold this event.',
    remedy: 'Check the id; delivered events are deleted after GUARD_EVENTS_RETENTION_DAYS, discarded ones at once.',
  },
  GUARD_SENDS_FULL: {
    meaning: 'Too many sends wait already: this one was refused with 429, and nothing of it was sent.',
    remedy:
      'Send again after the time in Retry-After; see which chats wait (GET /guard/queues), or raise GUARD_SENDS_QUEUE_LIMIT and GUARD_SENDS_CHAT_QUEUE_LIMIT.',
  },
  GUARD_SENDS_CHAT: {
    meaning: 'This send names no single chat; nothing was sent.',
    remedy: 'Give one number with its country code, or one JID, for each request.',
  },
  GUARD_SENDS_TEXT_TOO_LONG: {
    meaning: 'The text is longer than WhatsApp takes; nothing was sent.',
    remedy: 'Split it, or send it as a document. The limit is GUARD_SENDS_MAX_TEXT_CHARACTERS.',
  },
  GUARD_SENDS_LOCKS_DOWN: {
    meaning: 'The Redis that holds the locks of chats does not answer.',
    remedy:
      'Bring it back, and check GUARD_LOCK_REDIS_URIS or CACHE_REDIS_URI; GUARD_LOCK_FALLBACK says what happens to sends meanwhile.',
  },
  GUARD_SENDS_LEASE_LOST: {
    meaning: 'This process lost the lock of a chat before the message went out; the send waits for its turn again.',
    remedy:
      'Nothing, if it is rare. Otherwise look for what stops the process (paused, short of memory or processor), or raise GUARD_LOCK_LEASE_MS.',
  },
  GUARD_SENDS_JOURNAL_DOWN: {
    meaning: 'The database that holds the journal of sends does not answer; nothing was sent.',
    remedy: 'Bring the database back and send again.',
  },
  GUARD_SENDS_TAKEN_OVER: {
    meaning: 'This process stood still for so long that another one has taken over the send, and makes it.',
    remedy: 'Do not send again; see what became of it (GET /guard/sends/<id>), and look for what stopped this process.',
  },
  GUARD_SENDS_UNKNOWN: {
    meaning:
      'Whether a message went out cannot be known: the process or the connection ended while the request was under way. It is not sent again.',
    remedy:
      'Wait for the acknowledgement of WhatsApp, which resolves it by itself; without one after some minutes, look into the chat, and send again by hand if it is missing.',
  },
  GUARD_SENDS_NOT_KEPT: {
    meaning: 'A send was too large for the journal to keep, and the process ended before it was sent.',
    remedy: 'Send it again, by URL instead of base64, or raise GUARD_SENDS_KEEP_MAX_BYTES.',
  },
  GUARD_SENDS_UNACKNOWLEDGED: {
    meaning: 'Messages were sent, and WhatsApp has not acknowledged them within the deadline.',
    remedy:
      'Check that the instance is connected and its number is not restricted; see which they are (GET /guard/sends?state=sent).',
  },
  GUARD_SENDS_STOPPING: {
    meaning: 'The host is being stopped; the send waits in the journal and is made at the next start.',
    remedy: 'Do not send again; see what became of it (GET /guard/sends/<id>).',
  },
  GUARD_IDEMPOTENCY_KEY: {
    meaning: 'This request cannot have an Idempotency-Key; nothing was sent.',
    remedy:
      'Use 1 to 255 printable ASCII characters as the key, and send media by URL or as base64 in JSON instead of as a form.',
  },
  GUARD_IDEMPOTENCY_MISMATCH: {
    meaning: 'This Idempotency-Key was used for another request already; nothing was sent.',
    remedy: 'Use a new key for each new request, and the same one only to repeat a request as it was.',
  },
  GUARD_SEQUENCES_OFF: {
    meaning: 'This process runs no sequences; nothing was accepted.',
    remedy:
      'Look at the features in GET /guard/health: sequences need GUARD_SENDS=true and a host that exports its sendMessageController.',
  },
  GUARD_SEQUENCE_INSTANCE: {
    meaning: 'This process does not guard the sends of such an instance; nothing was accepted.',
    remedy: 'Correct the name, ask the process that has the instance, or put it into GUARD_ROLLOUT.',
  },
  GUARD_SEQUENCE_UNKNOWN: {
    meaning: 'There is no such sequence.',
    remedy: 'Check the id; sequences are deleted GUARD_SENDS_RETENTION_DAYS after their end.',
  },
  GUARD_SEQUENCE_KEY: {
    meaning: 'The idempotencyKey belongs to a sequence of this instance that asks for something else.',
    remedy: 'Give each sequence a key of its own, and repeat a request without changes.',
  },
  GUARD_SEQUENCE_URL: {
    meaning: 'A URL of a sequence leads where the operator allows nothing to go.',
    remedy:
      'List the host in GUARD_SEQUENCE_HTTP_HOSTS, with its port unless that is the one of the scheme; where its address is private, list the address or its range as well.',
  },
  GUARD_SEQUENCE_LOOP: {
    meaning: 'A sequence leads back to this host: it could go on for ever.',
    remedy:
      'Give messages as send steps. Where a request of an HTTP step passes its headers on, do not pass on x-evolution-guard-sequence.',
  },
  GUARD_SEQUENCE_SEND: {
    meaning: 'A message of a sequence was refused, by the host or by WhatsApp; the steps behind it were not run.',
    remedy: 'Look at the detail of the step, and at its send (GET /guard/sends/<sendId>).',
  },
  GUARD_SEQUENCE_HTTP: {
    meaning: 'An HTTP step had no success with any of its attempts; the steps behind it were not run.',
    remedy:
      'Look at the status or detail of the step; raise attempts or backoffMs in its retry where the receiver needs longer.',
  },
  GUARD_SEQUENCE_TIMEOUT: {
    meaning: 'WhatsApp did not report what a step waits for in time; the steps behind it were not run.',
    remedy: 'Raise its timeoutMs, or say "onTimeout": "continue". Many people have read receipts switched off.',
  },
  GUARD_SEQUENCE_REFUSED: {
    meaning: 'WhatsApp refused the message that a step waits for; the steps behind it were not run.',
    remedy: 'Look at the error of the send (GET /guard/sends/<sendId>).',
  },
  GUARD_SEQUENCE_ON_ERROR: {
    meaning: 'The onError of a sequence did not take its report.',
    remedy: 'Correct the receiver; see what became of the sequence (GET /guard/sequences/<id>).',
  },
  GUARD_HOST_NOT_FOUND: {
    meaning: 'The folder is no EvolutionAPI checkout.',
    remedy: 'Name the folder that holds the package.json of evolution-api and its src folder.',
  },
  ...INSTANCE_ERRORS,
  ...CACHE_ERRORS,
  GUARD_HOST_VERSION: {
    meaning: 'This EvolutionAPI version is not in the list of supported ones.',
    remedy:
      'Check out a supported tag, or try this one with --force: patches still apply only where every anchor is found.',
  },
  GUARD_PATCH_CONFLICT: {
    meaning: 'Patches do not fit this checkout; nothing was written.',
    remedy:
      'Compare each anchor named above with the file; docs/upgrading.md tells how to carry a recipe to a new version.',
  },
  GUARD_PATCH_HAND_CHANGED: {
    meaning: 'A patched file was changed by hand since it was patched; nothing was written.',
    remedy:
      'Note your change (git diff), restore each named file (git checkout -- <file>), run the command again, and make the change anew.',
  },
  GUARD_PATCH_MANIFEST: {
    meaning: 'The record of applied patches cannot be read or does not match the files.',
    remedy: 'Restore evolution-guard/applied.json from version control, or check out the host afresh and apply again.',
  },
  GUARD_PATCH_UNBUILT: {
    meaning: 'The plugin could not be packed for the host; nothing was written.',
    remedy: 'Run npm install and npm run build in the folder of evolution-guard, then run the command again.',
  },
  GUARD_PATCH_WRITE: {
    meaning: 'A file of the host could not be written.',
    remedy: 'Check free space and permissions of the folder named above, then run the command again.',
  },
} as const satisfies Record<string, Entry>;

export type ErrorCode = keyof typeof REGISTRY;
