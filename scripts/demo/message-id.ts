/** The id of the message that a send.message event tells of: the one that the send was answered with. */
export function messageIdIn(event: unknown): string {
  return (event as { data: { key: { id: string } } }).data.key.id;
}
