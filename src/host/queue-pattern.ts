/**
 * Every event that the host names queues after (src/api/types/wa.types.ts, `Events`, the same from 2.3.6 to 2.4.0-rc2),
 * and `group.update`, which stands among the keys of its settings only.
 */
const EVENTS = [
  'application.startup',
  'call',
  'chats.delete',
  'chats.set',
  'chats.update',
  'chats.upsert',
  'connection.update',
  'contacts.set',
  'contacts.update',
  'contacts.upsert',
  'creds.update',
  'group-participants.update',
  'group.update',
  'groups.update',
  'groups.upsert',
  'instance.create',
  'instance.delete',
  'labels.association',
  'labels.edit',
  'logout.instance',
  'messages.delete',
  'messages.edited',
  'messages.set',
  'messages.update',
  'messages.upsert',
  'messaging-history.set',
  'presence.update',
  'qrcode.updated',
  'remove.instance',
  'send.message',
  'send.message.update',
  'status.instance',
  'typebot.change-status',
  'typebot.start',
] as const;

/**
 * A regular expression, as RabbitMQ's policies take it, for the names of the host's queues: `<instance>.<event>` and
 * `[<prefix>.]<event>`. Instances and prefixes have any name, so a queue of somebody else that ends like one of the host's
 * matches too. Where an event has a hyphen, stock declares a queue with a dot as well.
 */
export const HOST_QUEUE_PATTERN = `^(.+\\.)?(${EVENTS.map(toPattern).join('|')})$`;

function toPattern(event: string): string {
  return event.replaceAll('.', '\\.').replaceAll('-', '[.-]');
}
